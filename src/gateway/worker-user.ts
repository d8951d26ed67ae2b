// Workers under a user of their own: opens to that user what it must reach of ours, and says at start what it cannot
// reach of the host's.

import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { ProgramFiles } from '../config/program-files.ts';
import type { Log } from '../log.ts';
import { closedTo } from '../sandbox/user-reach.ts';

/** Others may pass through to what they know the name of, and list nothing. */
const passThrough = 0o711;

/** @param programsDir private folder of the gateway with the programs that workers run */
export function admitWorkerUser(
  config: GatewayConfig,
  programs: ProgramFiles,
  programsDir: string,
  log: Log,
): void {
  const { workerUser, functionsRoot, adapters } = config;
  if (workerUser === null) return;
  chmodSync(programsDir, passThrough);
  const complain = (path: string, consequence: string) => {
    const closed = closedTo(workerUser, path);
    if (closed === null) return;
    log.error({ uid: workerUser.uid, path, closed }, `FN_WORKER_USER cannot reach ${path}: ${consequence}`);
  };
  complain(functionsRoot, 'no function can be loaded');
  for (const adapter of adapters.values()) {
    if (!adapter.available) continue;
    const program = programs.nodePrograms.get(adapter.name)?.readable ?? [
      join(programs.runtimesDir, adapter.program),
    ];
    for (const path of new Set([adapter.interpreter, ...program])) {
      complain(path, `no ${adapter.name} function can be started`);
    }
  }
}
