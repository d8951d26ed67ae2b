// `fastfn serve` (also `run`) and `fastfn dev`: load the configuration, run a gateway until a signal ends it.

import type { Command } from 'commander';
import type { Mode } from '../config/option.ts';
import type { CliContext, CommandAdder } from './cli-context.ts';
import { loadOrFail } from './configuration.ts';
import { addServingFlags } from './flags.ts';

export const addServeCommands: CommandAdder = (program, context, report) => {
  const action = (mode: Mode) => async (dir: string | undefined, _flags: unknown, command: Command) => {
    report(await serve(mode, dir, command.optsWithGlobals(), context));
  };
  const serving = program.command('serve').alias('run').argument('[dir]', 'folder of the functions');
  addServingFlags(serving).description('serve a folder of functions').action(action('serve'));
  const dev = program.command('dev').argument('[dir]', 'folder of the functions');
  addServingFlags(dev).description('serve a folder and pick up changes at once').action(action('dev'));
};

async function serve(
  mode: Mode,
  argument: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  context: CliContext,
): Promise<number> {
  const config = await loadOrFail(context, { mode, argument, flags });
  const { runGateway } = await import('./run-gateway.ts');
  return runGateway({ config, context, showRoutes: mode === 'dev' && context.terminal });
}
