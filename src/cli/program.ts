// The command line as a whole: its commands, and how usage faults become exit statuses.

import { Command, CommanderError } from 'commander';
import { addCheckCommand } from './check-command.ts';
import { type CliContext, CommandFailure, exitStatus } from './cli-context.ts';
import { addDepsCommand } from './deps-command.ts';
import { addDocsCommand } from './docs-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addInitCommand } from './init-command.ts';
import { addLogsCommand } from './logs-command.ts';
import { addProveCommand } from './prove-command.ts';
import { addRoutesCommand } from './routes-command.ts';
import { addSecretsCommands } from './secrets-command.ts';
import { addServeCommands } from './serve-command.ts';
import { addVersionCommand } from './version-command.ts';

const versionLine = (context: CliContext) => `FastFN ${context.layout.version}`;

/** Runs one command line (without the program's own name) and returns its exit status. Never throws. */
export async function runCommandLine(args: readonly string[], context: CliContext): Promise<number> {
  let status: number = exitStatus.done;
  const program = createProgram(context, (result) => {
    status = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    return statusOf(error, context);
  }
}

function createProgram(context: CliContext, report: (status: number) => void): Command {
  const program = new Command('fastfn')
    .description('Self-hosted function gateway: drop files into a folder, have an HTTP API.')
    .version(versionLine(context), '-v, --version', 'print the version')
    .option('--config <file>', 'configuration file instead of ./fastfn.json')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.print(text.replace(/\n$/, '')),
      writeErr: (text) => context.printError(text.replace(/\n$/, '')),
    })
    .showHelpAfterError('(fastfn --help lists the commands)')
    .exitOverride()
    .hook('preAction', (_program, command) => checkConfigFlag(command, context));
  const adders = [
    addServeCommands,
    addInitCommand,
    addRoutesCommand,
    addCheckCommand,
    addDepsCommand,
    addDoctorCommand,
    addProveCommand,
    addLogsCommand,
    addSecretsCommands,
    addDocsCommand,
    addVersionCommand,
  ];
  for (const add of adders) add(program, context, report);
  return program;
}

/** A `--config` that cannot be used is a fault for every command, also for one that needs no configuration. */
async function checkConfigFlag(command: Command, context: CliContext): Promise<void> {
  const { config } = command.optsWithGlobals();
  if (typeof config !== 'string') return;
  const { readOperatorFile } = await import('../config/process-sources.ts');
  const { faultText } = await import('../config/config-fault.ts');
  const file = await readOperatorFile(config, context.cwd);
  const fault = file.faults.find((candidate) => candidate.severity === 'error' && candidate.key === '');
  if (fault !== undefined) throw new CommandFailure(faultText(fault), exitStatus.usage);
}

function statusOf(error: unknown, context: CliContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
  if (error instanceof CommandFailure) {
    context.printError(`Error: ${error.message}`);
    return error.status;
  }
  context.printError(`Error: ${describeUnexpected(error)}`);
  return exitStatus.failed;
}

/** One line, causes after colons; no stack: it goes to the log where there is one. */
function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`.replaceAll('\n', ' ');
}
