// `fastfn logs`: the gateway writes its log to standard output, so this command says where that went.

import { type CliContext, type CommandAdder, CommandFailure, exitStatus } from './cli-context.ts';

const files = ['all', 'error', 'access', 'runtime'];
const mostLines = 100_000;

export const addLogsCommand: CommandAdder = (program, context) => {
  program
    .command('logs')
    .description('tell how to read the logs of a running gateway')
    .option('--lines <count>', 'lines to show', '200')
    .option('--no-follow', 'end after these lines')
    .option('--file <name>', `one of ${files.join(', ')}`, 'all')
    .addOption(program.createOption('--native').hideHelp())
    .addOption(program.createOption('--docker').hideHelp())
    .action((flags) => explainLogs(flags, context));
};

function explainLogs(flags: Readonly<Record<string, unknown>>, context: CliContext): never {
  const lines = Number(flags.lines);
  if (flags.docker === true)
    throw new CommandFailure('cannot read container logs: use docker logs', exitStatus.usage);
  if (!files.includes(String(flags.file))) {
    throw new CommandFailure(
      `cannot use --file ${flags.file}: accepted: ${files.join(', ')}`,
      exitStatus.usage,
    );
  }
  if (!Number.isInteger(lines) || lines < 1 || lines > mostLines) {
    throw new CommandFailure(
      `cannot use --lines ${flags.lines}: accepted: 1 to ${mostLines}`,
      exitStatus.usage,
    );
  }
  const follow = flags.follow === false ? '' : ' -f';
  context.printError('FastFN writes its log to standard output, one JSON object a line.');
  context.printError(`  under systemd:  journalctl -u fastfn -n ${lines}${follow} -o cat`);
  context.printError('  to a file:      fastfn serve > fastfn.log, then tail fastfn.log');
  throw new CommandFailure('cannot find a log file of a running gateway');
}
