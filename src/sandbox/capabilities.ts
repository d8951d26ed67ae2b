// What this kernel and this Node can enforce, asked of the kernel itself; nothing is changed by asking.

import { type Kernel, KernelError, openKernel } from './kernel.ts';

export interface Capabilities {
  readonly platform: string;
  readonly arch: string;
  /** 0 = no Landlock. */
  readonly landlockAbi: number;
  readonly seccomp: boolean;
  readonly noNewPrivs: boolean;
  /** node:ffi works: without it there is no launcher, so no kernel layer at all. */
  readonly ffi: boolean;
  /** mount_setattr(2), since Linux 5.12: what a minimal root is made with. Whether this user may is only found out by doing. */
  readonly mountApi: boolean;
}

// landlock_create_ruleset(2), <linux/landlock.h>.
const landlockCreateRulesetVersion = 1;
// seccomp(2), <linux/seccomp.h>.
const seccompGetActionAvail = 2;
const seccompRetErrno = 0x00050000;
/** <asm-generic/errno.h> */
const enosys = 38;
// prctl(2), <linux/prctl.h>.
const prGetNoNewPrivs = 39;

function answered(ask: () => bigint): bigint | null {
  try {
    return ask();
  } catch (error) {
    if (error instanceof KernelError) return null;
    throw error;
  }
}

/** Asked to change nothing, with a size that no version takes. */
function knowsMountAttributes(kernel: Kernel): boolean {
  try {
    kernel.call('mount_setattr', -1, 0, 0, 0, 0);
  } catch (error) {
    return error instanceof KernelError && error.errno !== enosys;
  }
  return true;
}

function probeKernel(kernel: Kernel): Omit<Capabilities, 'platform' | 'arch'> {
  const action = Buffer.alloc(8);
  action.writeUInt32LE(seccompRetErrno);
  const address = kernel.place(action);
  return {
    landlockAbi: Number(
      answered(() => kernel.call('landlock_create_ruleset', 0, 0, landlockCreateRulesetVersion)) ?? 0,
    ),
    seccomp: answered(() => kernel.call('seccomp', seccompGetActionAvail, 0, address)) !== null,
    noNewPrivs: answered(() => kernel.call('prctl', prGetNoNewPrivs)) !== null,
    ffi: true,
    mountApi: knowsMountAttributes(kernel),
  };
}

/** Call once at start: the answer does not change while the process runs. */
export function probeCapabilities(): Capabilities {
  const { platform, arch } = process;
  let kernel: Kernel;
  try {
    kernel = openKernel();
  } catch {
    return { platform, arch, landlockAbi: 0, seccomp: false, noNewPrivs: false, ffi: false, mountApi: false };
  }
  return { platform, arch, ...probeKernel(kernel) };
}
