// Reads the one frame with the plan from fd 0, blocking: a spare has nothing else to do.

import { readSync } from 'node:fs';
import type { Kernel } from '../kernel.ts';
import type { LaunchPlan } from '../launch-plan.ts';
import { maxPlanBytes } from '../launcher-protocol.ts';

const headerBytes = 4;

/** Fills `target` from fd 0; returns how many bytes came before EOF. */
function readFully(target: Buffer): number {
  let filled = 0;
  while (filled < target.length) {
    const count = readSync(0, target, filled, target.length - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

// fcntl(2), <asm-generic/fcntl.h>; the same numbers on x86_64 and arm64.
const fGetFl = 3;
const fSetFl = 4;
const oNonblock = 0o4000n;

/** The supervisor's pipe arrives non-blocking (libuv shares the flag with its own end): a spare would read EAGAIN and die. */
function waitOnInput(kernel: Kernel): void {
  const flags = BigInt(kernel.call('fcntl', 0, fGetFl));
  if ((flags & oNonblock) !== 0n) kernel.call('fcntl', 0, fSetFl, flags & ~oNonblock);
}

/** The plan, or null when the gateway closed stdin without sending one. Its sender is the gateway, so its shape is trusted. */
export function readPlan(kernel: Kernel): LaunchPlan | null {
  waitOnInput(kernel);
  const header = Buffer.alloc(headerBytes);
  const got = readFully(header);
  if (got === 0) return null;
  if (got < headerBytes) throw new Error('cannot read the plan: stdin ended inside the length');
  const length = header.readUInt32BE();
  if (length > maxPlanBytes) throw new Error(`cannot read a plan of ${length} bytes, limit ${maxPlanBytes}`);
  const payload = Buffer.alloc(length);
  if (readFully(payload) < length) throw new Error('cannot read the plan: stdin ended inside it');
  const plan = JSON.parse(payload.toString('utf8')) as LaunchPlan;
  if (plan.protocol !== 1) throw new Error(`cannot read a plan of protocol ${String(plan.protocol)}`);
  return plan;
}
