// What the operator says of every function's sandbox: the widest network, the largest limits, the longest streams, and what
// this kernel can hold. A function's own folder can only ask for less (contract/sandbox.md 1, Better).

import type { StreamPolicy } from './function-policy.ts';
import { type LimitMaxima, limitFields } from './limit-fields.ts';
import { openNetwork } from './network-grants.ts';
import type { NetworkGrants } from './sandbox-policy.ts';
import { defaultStreamMaxima } from './stream-limits.ts';

export interface SandboxRules {
  /** What a function gets that asks for nothing, and more than which none gets. */
  readonly network: NetworkGrants;
  readonly maxima: LimitMaxima;
  /** Largest `stream` limits of a function. */
  readonly streams: StreamPolicy;
  /** Whether Landlock, seccomp and no_new_privs are in force: what `sandbox.require: "kernel"` asks for. */
  readonly kernelTier: boolean;
  /** Who gets a minimal root. */
  readonly namespaceUse: NamespaceUse;
  /** Why this host cannot give one, in words; null: it can, or nobody has looked yet. */
  readonly namespaceMissing: string | null;
}

/**
 * FN_SANDBOX_NAMESPACE. `off`: no function; `asked`: those with `sandbox.require: "namespace"`; `auto`: all where the host
 * offers it; `required`: all, or the gateway does not start.
 */
export const namespaceUses = ['off', 'asked', 'auto', 'required'] as const;
export type NamespaceUse = (typeof namespaceUses)[number];

export const defaultMaxima: LimitMaxima = Object.freeze(
  Object.fromEntries(
    limitFields.map(({ name, maximum, scale }) => [name, maximum === null ? null : maximum * scale]),
  ) as unknown as LimitMaxima,
);

/** Where the operator says nothing, on a kernel that has it all. */
export const defaultSandboxRules: SandboxRules = Object.freeze({
  network: openNetwork,
  maxima: defaultMaxima,
  streams: defaultStreamMaxima,
  kernelTier: true,
  namespaceUse: 'asked',
  namespaceMissing: null,
});
