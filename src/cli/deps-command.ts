// `fastfn deps`: installs dependencies and compiles programs ahead of time, prints what came of it, and ends with status 1
// when anything failed. What it makes is found by the gateway, also with FN_AUTO_INSTALL off.

import { createLog } from '../log.ts';
import { type CliContext, type CommandAdder, exitStatus } from './cli-context.ts';
import { loadOrFail } from './configuration.ts';
import type { AheadRow } from './gateway-module.ts';
import { plainText, textTable } from './text-table.ts';

const outcomeTexts: Readonly<Record<AheadRow['outcome'], string>> = {
  none: 'nothing to do',
  reused: 'there already',
  built: 'done',
  failed: 'FAILED',
};

export const addDepsCommand: CommandAdder = (program, context, report) => {
  program
    .command('deps')
    .argument('[dir]', 'folder of the functions')
    .description('install dependencies and compile functions ahead of time')
    .option('--lock', 'write the locks that are missing beside the manifests')
    .option('--json', 'print JSON')
    .action(async (argument: string | undefined, _flags: unknown, command) => {
      const { json, lock, ...flags } = command.optsWithGlobals();
      const how = { json: json === true, keepLocks: lock === true };
      report(await installAhead(context, argument, flags, how));
    });
};

async function installAhead(
  context: CliContext,
  argument: string | undefined,
  flags: Record<string, unknown>,
  { json, keepLocks }: { readonly json: boolean; readonly keepLocks: boolean },
): Promise<number> {
  const config = await loadOrFail(context, { mode: 'serve', argument, flags });
  const { buildFunctions } = await context.loadGateway();
  // The table tells what failed; the log's lines would only tell it twice.
  const log = createLog({ level: 'fatal', format: config.log.format });
  const rows = await buildFunctions(config, context.layout, log, undefined, keepLocks);
  const failed = rows.filter(({ outcome }) => outcome === 'failed');
  context.print(json ? JSON.stringify({ ok: failed.length === 0, functions: rows }, null, 2) : textOf(rows));
  return failed.length === 0 ? exitStatus.done : exitStatus.failed;
}

function textOf(rows: readonly AheadRow[]): string {
  if (rows.length === 0) return 'No functions';
  const table = textTable(
    ['FUNCTION', 'DEPENDENCIES'],
    rows.map((row) => [row.function, outcomeTexts[row.outcome]]),
  );
  const complaints = rows
    .filter(({ reason }) => reason !== null)
    .flatMap((row) => `Error: ${row.function}: ${row.reason}`.split('\n').map(plainText));
  const locks = rows.flatMap(({ lock }) => (lock === undefined ? [] : [`Lock written: ${plainText(lock)}`]));
  return [table, ...locks, ...complaints].join('\n');
}
