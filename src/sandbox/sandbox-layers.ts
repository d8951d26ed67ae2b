// The layers of the jail and whether each is in force on this host, for health, doctor and people. Success is never
// reported for what is not enforced: a layer that an older kernel enforces in part says which part is missing.

import type { NamespaceUse } from '../policy/sandbox-rules.ts';
import type { Capabilities } from './capabilities.ts';
import { landlockSince } from './landlock-access.ts';

export type LayerName =
  | 'landlock'
  | 'seccomp'
  | 'namespace'
  | 'no_new_privs'
  | 'capabilities'
  | 'rlimits'
  | 'cgroup'
  | 'worker_user'
  | 'process_group'
  | 'environment'
  | 'descriptors'
  | 'language_guard';

export type LayerState = 'on' | 'partial' | 'available' | 'off' | 'unavailable';

export interface SandboxLayer {
  readonly layer: LayerName;
  /** `available`: for functions that ask; `off`: switched off by the operator; `unavailable`: this host does not have it. */
  readonly state: LayerState;
  /** One sentence without host paths. */
  readonly detail: string;
}

/** FN_SANDBOX_NAMESPACE, and what the host said to it. */
export interface NamespaceState {
  readonly use: NamespaceUse;
  /** In words, without paths; null: it is offered. */
  readonly missing: string | null;
}

interface LayerOptions {
  /** FN_STRICT_FS. */
  readonly strict: boolean;
  /** Why workers have no cgroups of their own; null when they have. Default: nobody has looked. */
  readonly noCgroups?: string | null;
  /** FN_WORKER_USER in force. Default null. */
  readonly workerUser?: { readonly uid: number; readonly gid: number } | null;
  /** null: nobody has asked this host yet. Default null. */
  readonly namespace?: NamespaceState | null;
  /** The gateway's user is root. Default false. */
  readonly isRoot?: boolean;
}

const launcherLayers: Readonly<Record<'process_group' | 'environment' | 'descriptors', string>> = {
  process_group: 'every worker is a process group of its own and dies with the gateway',
  environment: 'workers start from a fixed minimal environment',
  descriptors: 'workers hold four descriptors: input, output, error and their connection',
};

const missingByAbi: readonly (readonly [since: number, text: string])[] = [
  [landlockSince.refer, 'moving files between folders'],
  [landlockSince.truncate, 'truncation (the system call filter refuses it instead)'],
  [landlockSince.tcp, 'TCP ports (a port list means no TCP at all)'],
  [landlockSince.ioctlDev, 'device controls (the system call filter refuses them instead)'],
  [landlockSince.scope, 'signals and abstract sockets (the system call filter refuses them instead)'],
];

function landlockLayer({ landlockAbi }: Capabilities): SandboxLayer {
  if (landlockAbi === 0) {
    return {
      layer: 'landlock',
      state: 'unavailable',
      detail: 'this kernel does not offer Landlock: file rules are not enforced',
    };
  }
  const missing = missingByAbi.filter(([since]) => landlockAbi < since).map(([, text]) => text);
  return missing.length === 0
    ? {
        layer: 'landlock',
        state: 'on',
        detail: `ABI ${landlockAbi}: files, TCP, signals and abstract sockets`,
      }
    : { layer: 'landlock', state: 'partial', detail: `ABI ${landlockAbi} lacks ${missing.join(', ')}` };
}

function seccompLayer({ seccomp, arch }: Capabilities): SandboxLayer {
  if (!seccomp) {
    return { layer: 'seccomp', state: 'unavailable', detail: 'this kernel does not offer seccomp filters' };
  }
  return arch === 'x64' || arch === 'arm64'
    ? {
        layer: 'seccomp',
        state: 'on',
        detail: 'allow-list: no new process, second exec, metadata change, IPC or listening',
      }
    : { layer: 'seccomp', state: 'unavailable', detail: `no table of system calls for ${arch}` };
}

const rlimitsLayer: SandboxLayer = {
  layer: 'rlimits',
  // Named `partial` on purpose: the kernel counts RLIMIT_NPROC per user, and no rlimit bounds resident memory.
  state: 'partial',
  detail:
    'open files, file size, data, no core; threads are bounded per user only, resident memory by the supervisor',
};

function cgroupLayer(noCgroups: string | null): SandboxLayer {
  return noCgroups === null
    ? { layer: 'cgroup', state: 'on', detail: 'the kernel bounds the memory and processes of each worker' }
    : {
        layer: 'cgroup',
        state: 'unavailable',
        detail: `${noCgroups}; the supervisor looks at memory and threads ten times a second instead`,
      };
}

const namespaceDetails: Readonly<Record<Exclude<NamespaceUse, 'off'>, SandboxLayer>> = {
  asked: {
    layer: 'namespace',
    state: 'available',
    detail:
      'functions with sandbox.require "namespace" have a minimal root: other files do not exist for them',
  },
  auto: { layer: 'namespace', state: 'on', detail: 'workers have a minimal root: other files do not exist' },
  required: { layer: 'namespace', state: 'on', detail: 'every worker has a minimal root, or does not start' },
};

function namespaceLayer(state: NamespaceState | null): SandboxLayer {
  const layer = 'namespace';
  if (state === null) return { layer, state: 'off', detail: 'not looked for: no function has asked for it' };
  if (state.use === 'off') return { layer, state: 'off', detail: 'switched off by FN_SANDBOX_NAMESPACE' };
  return state.missing === null
    ? namespaceDetails[state.use]
    : { layer, state: 'unavailable', detail: state.missing };
}

function workerUserLayer({ workerUser = null, isRoot = false }: LayerOptions): SandboxLayer {
  const layer = 'worker_user';
  if (workerUser !== null) {
    return { layer, state: 'on', detail: `workers run as user ${workerUser.uid}, group ${workerUser.gid}` };
  }
  const detail = isRoot
    ? 'workers run as root without capabilities: FN_WORKER_USER is not set'
    : "workers run as the gateway's own user, which is not root";
  return { layer, state: 'off', detail };
}

function whenStrict(layer: SandboxLayer, strict: boolean): SandboxLayer {
  return strict ? layer : { layer: layer.layer, state: 'off', detail: 'switched off by FN_STRICT_FS' };
}

function noNewPrivsLayers({ noNewPrivs }: Capabilities): SandboxLayer[] {
  const state: LayerState = noNewPrivs ? 'on' : 'unavailable';
  return [
    { layer: 'no_new_privs', state, detail: 'no program can give a worker more rights' },
    { layer: 'capabilities', state, detail: 'every capability is dropped, also when started as root' },
  ];
}

/** All layers, strongest first. */
export function describeSandbox(capabilities: Capabilities, options: LayerOptions): SandboxLayer[] {
  const { strict, noCgroups = 'not looked for', namespace = null } = options;
  const kernelLayers = [landlockLayer(capabilities), seccompLayer(capabilities), namespaceLayer(namespace)];
  const launched = capabilities.ffi && capabilities.platform === 'linux';
  const basic: SandboxLayer[] = [
    rlimitsLayer,
    cgroupLayer(noCgroups),
    workerUserLayer(options),
    ...(Object.keys(launcherLayers) as (keyof typeof launcherLayers)[]).map(
      (layer): SandboxLayer => ({ layer, state: 'on', detail: launcherLayers[layer] }),
    ),
  ];
  const noLauncher = 'the launcher needs Linux on x64 or arm64 and node:ffi';
  return [
    ...kernelLayers.map((layer) => whenStrict(layer, strict)),
    ...noNewPrivsLayers(capabilities),
    ...basic.map((layer) =>
      launched ? layer : { ...layer, state: 'unavailable' as const, detail: noLauncher },
    ),
    whenStrict(
      { layer: 'language_guard', state: 'on', detail: 'Node permission model, Python audit hook' },
      strict,
    ),
  ];
}

const kernelTier: readonly LayerName[] = ['landlock', 'seccomp', 'no_new_privs'];

/** Whether the layer is one of those that FN_SANDBOX_REQUIRED and `sandbox.require: "kernel"` ask for. */
export function isKernelTier(layer: LayerName): boolean {
  return kernelTier.includes(layer);
}

export function kernelTierInForce(layers: readonly SandboxLayer[]): boolean {
  return kernelTier.every((name) =>
    layers.some(({ layer, state }) => layer === name && (state === 'on' || state === 'partial')),
  );
}
