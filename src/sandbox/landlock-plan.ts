// File, TCP and scope rules for the kernel's Landlock version, from a policy and the host's system grants. What an older
// version does not know is left out here and reported by sandbox-layers.ts.

import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import {
  deviceAccess,
  executeAccess,
  knownFsAccess,
  landlockSince,
  listAccess,
  netAccess,
  readAccess,
  scope,
  writeAccess,
} from './landlock-access.ts';
import type { SystemGrants } from './system-grants.ts';

/** What the kernel is asked to refuse about files, TCP and scopes; numbers are those of <linux/landlock.h>. */
export interface LandlockPlan {
  readonly abi: number;
  readonly handledFs: number;
  readonly handledNet: number;
  readonly scoped: number;
  readonly rules: readonly LandlockRule[];
  /** TCP ports that may be connected to; only when handledNet has CONNECT_TCP. */
  readonly connectPorts: readonly number[];
}

export interface LandlockRule {
  readonly path: string;
  /** Rights on a folder and all below it; those that make no sense for a file are taken off for a file. */
  readonly access: number;
  /** True: a missing path fails the launch. Links are never followed, either way. */
  readonly required: boolean;
}

export interface LandlockInput {
  readonly abi: number;
  readonly policy: SandboxPolicy;
  readonly system: SystemGrants;
  /** Interpreter to be executed, absolute and without links. */
  readonly file: string;
  /** The worker's private temporary folder. */
  readonly tempDir: string;
}

/** One rule per path: rights from several grants are added up, and a path required once is required. */
function mergeRules(rules: readonly LandlockRule[]): LandlockRule[] {
  const merged = new Map<string, LandlockRule>();
  for (const rule of rules) {
    const before = merged.get(rule.path);
    const access = rule.access | (before?.access ?? 0);
    merged.set(rule.path, { path: rule.path, access, required: rule.required || before?.required === true });
  }
  return [...merged.values()];
}

/** @returns null when the kernel has no Landlock. */
export function planLandlock(input: LandlockInput): LandlockPlan | null {
  const { abi, policy, system } = input;
  const handledFs = knownFsAccess(abi);
  if (handledFs === 0) return null;
  const { files, network } = policy;
  const grant = (paths: readonly string[], access: number, required = false): LandlockRule[] =>
    paths.map((path) => ({ path, access: access & handledFs, required }));
  const rules = mergeRules([
    ...grant(system.read, readAccess),
    ...grant(system.devices, deviceAccess),
    ...grant(system.execute, executeAccess),
    ...grant(files.read, readAccess),
    ...grant(files.list, listAccess),
    ...grant(files.write, writeAccess),
    ...grant(files.execute, executeAccess),
    ...grant(files.programs ?? [], executeAccess | readAccess),
    ...grant([input.file], executeAccess, true),
    ...grant([input.tempDir], writeAccess, true),
  ]);
  const ports = network.outboundTcp;
  const tcp = abi >= landlockSince.tcp;
  return {
    abi,
    handledFs,
    handledNet: tcp ? netAccess.bindTcp | (ports === 'all' ? 0 : netAccess.connectTcp) : 0,
    scoped: abi >= landlockSince.scope ? scope.abstractUnixSocket | scope.signal : 0,
    rules,
    connectPorts: tcp && typeof ports !== 'string' ? ports : [],
  };
}
