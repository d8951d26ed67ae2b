// What one spare launcher must do to become one worker, as plain JSON: computed here from a policy and from what this
// kernel can enforce, carried out by launcher/ and by nothing else. Planning does no I/O, so a plan can be printed and tested.
// How a plan reaches the launcher: launcher-protocol.ts.

import type { ResourceLimits, SandboxPolicy } from '../policy/sandbox-policy.ts';
import type { Capabilities } from './capabilities.ts';
import { landlockSince } from './landlock-access.ts';
import { type LandlockPlan, planLandlock } from './landlock-plan.ts';
import { withTempDir } from './language-guard.ts';
import { maxPlanBytes } from './launcher-protocol.ts';
import { type NamespaceWay, planRoot, type RootInput, type RootPlan } from './root-plan.ts';
import type { SystemGrants } from './system-grants.ts';
import { workerEnvironment } from './worker-environment.ts';

/** Parameters of the system call filter; the program itself is built by seccomp/ in the launcher, which knows its pid. */
export interface SeccompPlan {
  readonly arch: 'x64' | 'arm64';
  readonly tcp: boolean;
  readonly udp: boolean;
  /** Landlock here governs truncation (ABI 3); otherwise the filter refuses truncate and O_TRUNC without write. */
  readonly truncateGoverned: boolean;
  /** Landlock here scopes signals (ABI 6); otherwise the filter allows tkill on the main thread only. */
  readonly signalsScoped: boolean;
  /** More than the private folder is writable: a mode that hides a file is refused, where else it would be pretended. */
  readonly sharedWrites: boolean;
  /** True: processes may be started, all of them in the one process group. */
  readonly processes?: true;
}

/** setrlimit(2), soft = hard, lowered to what was inherited. */
export interface RlimitPlan {
  readonly nofile: number;
  readonly fsize: number;
  readonly core: number;
  readonly data: number;
  readonly nproc: number;
  readonly memlock: number;
  readonly msgqueue: number;
}

export interface JailPlan {
  /** null: the worker sees the host's own root. */
  readonly root: RootPlan | null;
  readonly landlock: LandlockPlan | null;
  readonly seccomp: SeccompPlan | null;
}

export interface LaunchPlan {
  readonly protocol: 1;
  /** null: no connection; the program has its three standard streams only. */
  readonly socketPath: string | null;
  readonly token: string;
  /** Program, absolute and without links; also argv[0]. */
  readonly file: string;
  /** argv[1] and on. */
  readonly args: readonly string[];
  /** The whole environment of the worker process. */
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly rlimits: RlimitPlan;
  /** Started as root: become this user first; null keeps the user. */
  readonly identity: { readonly uid: number; readonly gid: number } | null;
  /** null: the sandbox is off (FN_STRICT_FS=0); rlimits, capabilities, process group, environment and descriptors still apply. */
  readonly jail: JailPlan | null;
}

export interface LaunchInput {
  readonly policy: SandboxPolicy;
  readonly capabilities: Capabilities;
  readonly system: SystemGrants;
  /**
   * `file` absolute and without links; `tempDirPlaceholder` in `args` becomes `tempDir`; `env` is what the language itself
   * needs, not the function's.
   */
  readonly command: {
    readonly file: string;
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  };
  readonly socketPath: string;
  readonly token: string;
  /** Private folder of this worker, mode 0700, absolute and without links; made and removed by the supervisor. */
  readonly tempDir: string;
  /** The gateway's environment; only LANG, LC_*, TZ and CA variables pass. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly identity?: { readonly uid: number; readonly gid: number } | null;
  /** How this host comes to mount namespaces; null: it does not, and a policy that asks for one cannot be planned. Default null. */
  readonly namespaceWay?: NamespaceWay | null;
}

/** Ours: Node 26 aborts with 512 MiB of RLIMIT_DATA and works with 1,000 MiB; this only stops runaways. */
const minDataBytes = 4 * 1024 ** 3;
/** Ours: RLIMIT_NPROC counts all threads of the user on the host, so a small number would stop honest workers. */
const minUserThreads = 4096;
/** Ours: room for the key pages that cryptographic libraries lock. */
const lockedBytes = 65_536;

export function planRlimits(limits: ResourceLimits): RlimitPlan {
  return {
    nofile: limits.openFiles,
    fsize: limits.fileBytes,
    core: 0,
    data: Math.max(minDataBytes, 2 * limits.memoryBytes),
    nproc: Math.max(minUserThreads, limits.threads),
    memlock: lockedBytes,
    msgqueue: 0,
  };
}

function planSeccomp(capabilities: Capabilities, policy: SandboxPolicy): SeccompPlan | null {
  const { arch, landlockAbi } = capabilities;
  if (!capabilities.seccomp || (arch !== 'x64' && arch !== 'arm64')) return null;
  const { outboundTcp, udp } = policy.network;
  // A list of ports that this kernel cannot hold a worker to must not turn into every port.
  const tcp = outboundTcp === 'all' || (outboundTcp !== 'none' && landlockAbi >= landlockSince.tcp);
  return {
    arch,
    tcp,
    udp,
    truncateGoverned: landlockAbi >= landlockSince.truncate,
    signalsScoped: landlockAbi >= landlockSince.scope,
    // What a build writes to is sealed with modes of our own afterwards.
    ...(policy.processes === 'group'
      ? { sharedWrites: false, processes: true }
      : { sharedWrites: policy.files.write.length > 0 }),
  };
}

/**
 * null: the policy has switched it off.
 * @throws Error when the policy asks for a namespace that this host does not offer
 */
export function planJail(
  place: JailPlace,
  capabilities: Capabilities,
  namespaceWay: NamespaceWay | null,
): JailPlan | null {
  const { policy } = place;
  if (!policy.strict) return null;
  return {
    root: policy.namespace === true ? planNamespace(place, namespaceWay) : null,
    landlock: planLandlock({ abi: capabilities.landlockAbi, ...place }),
    seccomp: planSeccomp(capabilities, policy),
  };
}

type JailPlace = Omit<RootInput, 'way'>;

function planNamespace(place: JailPlace, way: NamespaceWay | null): RootPlan {
  if (way === null) throw new Error('cannot plan a minimal root: this host offers no mount namespace');
  return planRoot({ ...place, way });
}

/**
 * Computes the plan of one worker. Pure: the same input gives the same plan.
 * @throws Error when the policy asks for a namespace that this host does not offer
 */
export function planLaunch(input: LaunchInput): LaunchPlan {
  const { policy, system, command, tempDir, namespaceWay = null } = input;
  return {
    protocol: 1,
    socketPath: input.socketPath,
    token: input.token,
    file: command.file,
    args: withTempDir(command.args, tempDir),
    env: workerEnvironment(tempDir, input.hostEnv, command.env ?? {}),
    workingDir: tempDir,
    rlimits: planRlimits(policy.limits),
    identity: input.identity ?? null,
    jail: planJail({ policy, system, file: command.file, tempDir }, input.capabilities, namespaceWay),
  };
}

/** The one frame that a launcher reads from its stdin. Throws when it is longer than `maxPlanBytes`. */
export function encodeLaunchPlan(plan: LaunchPlan): Buffer {
  const text = JSON.stringify(plan);
  const length = Buffer.byteLength(text);
  if (length > maxPlanBytes)
    throw new Error(`cannot send a launch plan of ${length} bytes, limit ${maxPlanBytes}`);
  const frame = Buffer.alloc(4 + length);
  frame.writeUInt32BE(length);
  frame.write(text, 4);
  return frame;
}
