// `fastfn check`: holds every config file to its rules. Status 1 where something is wrong; warnings alone pass.

import type { Command } from 'commander';
import { type ConfigFault, faultText } from '../config/config-fault.ts';
import { type CliContext, type CommandAdder, exitStatus } from './cli-context.ts';
import { type ConfigRequest, loadForInspection } from './configuration.ts';
import { plainText } from './text-table.ts';

export const addCheckCommand: CommandAdder = (program, context, report) => {
  program
    .command('check')
    .argument('[dir]', 'folder of the functions')
    .description('check fastfn.json, the environment and the config files of every function')
    .option('--json', 'print JSON')
    .action(async (argument: string | undefined, _flags: unknown, command: Command) => {
      const { json, ...flags } = command.optsWithGlobals();
      const faults = await findFaults(context, { mode: 'serve', argument, flags });
      const errors = faults.filter((fault) => fault.severity === 'error');
      if (json === true) context.print(JSON.stringify(toJson(faults, errors.length), null, 2));
      else printReport(context, faults, errors.length);
      report(errors.length === 0 ? exitStatus.done : exitStatus.failed);
    });
};

/** The operator's faults and, where there is a folder, those of all functions in it. */
async function findFaults(context: CliContext, request: ConfigRequest): Promise<readonly ConfigFault[]> {
  const loaded = await loadForInspection(context, request);
  const config = 'config' in loaded ? loaded.config : loaded.draft;
  if ('faults' in loaded && !loaded.hasRoot) return config.faults;
  const { inspectFunctions } = await context.loadGateway();
  const catalog = await inspectFunctions(config, context.layout);
  return [...config.faults, ...catalog.faults];
}

function toJson(faults: readonly ConfigFault[], errors: number): object {
  const told = faults.map((fault) => ({ ...fault, message: faultText(fault) }));
  return { ok: errors === 0, errors, warnings: faults.length - errors, faults: told };
}

function printReport(context: CliContext, faults: readonly ConfigFault[], errors: number): void {
  for (const fault of faults) {
    context.print(plainText(`${fault.severity === 'error' ? 'Error' : 'Warning'}: ${faultText(fault)}`));
  }
  context.print(`${errors === 0 ? 'OK' : 'FAILED'}: errors=${errors} warnings=${faults.length - errors}`);
}
