// Gives up what the process could use against the host: root's capabilities and user, new privileges by execve, and life
// without the gateway.

import type { Kernel } from '../kernel.ts';
import type { LaunchPlan } from '../launch-plan.ts';

// prctl(2), <linux/prctl.h>.
const prSetPdeathsig = 1;
const prCapbsetRead = 23;
const prCapbsetDrop = 24;
const prSetSecurebits = 28;
const prSetNoNewPrivs = 38;
const prCapAmbient = 47;
const prCapAmbientClearAll = 4;

const sigkill = 9;

// capabilities(7), <linux/capability.h>.
const capabilityVersion3 = 0x20080522;
const capSetpcap = 8;
const capabilityCount = 64;
/** struct __user_cap_data_struct twice: effective, permitted, inheritable. */
const capabilityDataBytes = 24;

/** <linux/securebits.h>: NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE and KEEP_CAPS off, each with its lock. */
const securebits = 0x03 | 0x0c | 0x20 | 0xc0;

function capabilityHeader(kernel: Kernel): bigint {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(capabilityVersion3);
  return kernel.place(header);
}

function permittedCapabilities(kernel: Kernel): bigint {
  const data = kernel.place(Buffer.alloc(capabilityDataBytes));
  kernel.call('capget', capabilityHeader(kernel), data);
  const bytes = kernel.read(data, capabilityDataBytes);
  return BigInt(bytes.readUInt32LE(4)) | (BigInt(bytes.readUInt32LE(16)) << 32n);
}

function capabilityKnown(kernel: Kernel, capability: number): boolean {
  try {
    kernel.call('prctl', prCapbsetRead, capability);
    return true;
  } catch {
    return false; // EINVAL: above CAP_LAST_CAP of this kernel.
  }
}

/** So that root's execve does not bring them back (capabilities(7), "Transformation of capabilities during execve"). */
function dropBoundingSet(kernel: Kernel): void {
  for (let capability = 0; capability < capabilityCount; capability += 1) {
    if (!capabilityKnown(kernel, capability)) return;
    kernel.call('prctl', prCapbsetDrop, capability);
  }
}

/** A raw call changes this thread only, which is the one that execve keeps. */
function becomeUser(kernel: Kernel, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  kernel.call('setgroups', 0, 0);
  kernel.call('setresgid', gid, gid, gid);
  kernel.call('setresuid', uid, uid, uid);
}

/** Every capability, for root above all; an ordinary user has none, and no_new_privs keeps it so. */
function dropCapabilities(kernel: Kernel): void {
  kernel.call('prctl', prCapAmbient, prCapAmbientClearAll, 0, 0, 0);
  kernel.call('capset', capabilityHeader(kernel), kernel.place(Buffer.alloc(capabilityDataBytes)));
}

/** With the jail switched off too: no function needs root's powers over the host. */
export function dropPrivileges(kernel: Kernel, plan: LaunchPlan): void {
  if ((permittedCapabilities(kernel) >> BigInt(capSetpcap)) % 2n === 1n) {
    dropBoundingSet(kernel);
    kernel.call('prctl', prSetSecurebits, securebits, 0, 0, 0);
  }
  if (plan.identity !== null) becomeUser(kernel, plan.identity);
  dropCapabilities(kernel);
  kernel.call('prctl', prSetNoNewPrivs, 1, 0, 0, 0);
}

/**
 * The kernel kills the worker when the gateway dies. After every change of identity, which clears it (prctl(2)).
 * @param parentPid the gateway, as seen when this process started: it may have died before the call.
 */
export function dieWithParent(kernel: Kernel, parentPid: number): void {
  kernel.call('prctl', prSetPdeathsig, sigkill, 0, 0, 0);
  if (process.ppid !== parentPid) throw new Error('cannot start a worker: the gateway has gone');
}
