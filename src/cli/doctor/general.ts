// `fastfn doctor`: all findings about this host and project, in the order in which a person would fix them.

import type { CliContext } from '../cli-context.ts';
import { loadForInspection } from '../configuration.ts';
import type { Check } from './check.ts';
import { hostChecks } from './host-checks.ts';
import { portCheck, socketFolderCheck } from './place-checks.ts';
import { configChecks, faultsOf, fixChecks, functionChecks, isPortFault } from './project-checks.ts';
import { sandboxChecks } from './sandbox-checks.ts';

export async function generalChecks(
  context: CliContext,
  flags: Readonly<Record<string, unknown>>,
  fix: boolean,
): Promise<readonly Check[]> {
  const explicit = typeof flags.config === 'string';
  const fixed = fixChecks(context, fix, explicit);
  const loaded = await loadForInspection(context, { mode: 'serve', flags });
  const config = 'config' in loaded ? loaded.config : loaded.draft;
  const [host, port, sandbox, functions] = await Promise.all([
    hostChecks(context, config.binaries ?? new Map()),
    portCheck(config, faultsOf(loaded).find(isPortFault)),
    sandboxChecks(context, config),
    functionChecks(loaded, context),
  ]);
  const project = [...fixed, ...configChecks(loaded, context, explicit), ...functions, port];
  return [...host, ...sandbox, socketFolderCheck(config.sockets.baseDir), ...project];
}
