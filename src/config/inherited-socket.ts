// The listening socket that whoever started us has opened and keeps: systemd's socket activation, sd_listen_fds(3). While
// one gateway ends and the next one starts, connections wait in it instead of being refused.

import type { ConfigFault } from './config-fault.ts';
import type { Environment } from './settings.ts';

/** SD_LISTEN_FDS_START: passed descriptors begin here. */
const firstDescriptor = 3;

export interface InheritedSocket {
  /** null: nothing was passed, the gateway opens a port of its own. */
  readonly descriptor: number | null;
  readonly fault: ConfigFault | null;
}

/** @param pids whom the descriptors may be meant for: this process, and the shim that may have started it */
export function readInheritedSocket(environment: Environment, pids: readonly number[]): InheritedSocket {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = environment;
  // Variables that were meant for another process in between are no fault of ours.
  if (count === undefined || !pids.map(String).includes(pid ?? '')) return { descriptor: null, fault: null };
  if (count === '1') return { descriptor: firstDescriptor, fault: null };
  const accepted = '1: one listening TCP socket';
  return {
    descriptor: null,
    fault: { file: 'environment', key: 'LISTEN_FDS', found: count, accepted, severity: 'error' },
  };
}
