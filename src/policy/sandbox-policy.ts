// What one worker process may touch: a frozen value that names grants, not mechanisms. The sandbox folder turns it
// into a launch plan for this kernel; nothing else interprets it. Source: contract/sandbox.md 3, 4 and 9.

export interface FileGrants {
  /** Files and folders readable with everything below them. Links are refused, never followed. */
  readonly read: readonly string[];
  /** Folders whose names may be listed (imports need it) without reading what is in them. */
  readonly list: readonly string[];
  /** Folders readable and writable with everything below them. */
  readonly write: readonly string[];
  /** Files that may be executed: the interpreter and its loader. */
  readonly execute: readonly string[];
  /** Folders below which programs may be executed and everything may be read. Default none: only builds have such. */
  readonly programs?: readonly string[];
}

export interface NetworkGrants {
  /** Outbound TCP: any port, none, or the listed ports. Default `all`. */
  readonly outboundTcp: 'all' | 'none' | readonly number[];
  /** UDP sockets, to any address and port: kernel rules for ports know TCP only. Looking up names needs them. */
  readonly udp: boolean;
}

/** How much one worker may use. What holds it to each: src/README.md, "The sandbox of a function". */
export interface ResourceLimits {
  /** Resident memory in bytes. Default 512 MiB. */
  readonly memoryBytes: number;
  /** RLIMIT_NOFILE. Default 256. */
  readonly openFiles: number;
  /** RLIMIT_FSIZE in bytes. Default 64 MiB. */
  readonly fileBytes: number;
  /** Threads of the process, those of the language itself included (Node has about 11). Default 128. */
  readonly threads: number;
  /** Processor time of one invocation in ms; null = bounded by the deadline only. Default null. */
  readonly cpuMs: number | null;
  /** Captured output of one invocation in bytes. Default 256 KiB. */
  readonly outputBytes: number;
  /** The private temporary folder as a whole, in bytes. Default 256 MiB. */
  readonly tempBytes: number;
}

export interface SandboxPolicy {
  /** False: only rlimits, process group, clean environment and closed descriptors (FN_STRICT_FS=0). */
  readonly strict: boolean;
  readonly files: FileGrants;
  readonly network: NetworkGrants;
  /**
   * `group`: it may start processes, none of which can leave its process group, so that all end with it. Default: it
   * may start none. Only builds may.
   */
  readonly processes?: 'group';
  /**
   * True: its root holds what `files` names and the system's own grants, and other paths do not exist for it. Default
   * false: they exist, and cannot be opened.
   */
  readonly namespace?: boolean;
  readonly limits: ResourceLimits;
}

export const defaultResourceLimits: ResourceLimits = Object.freeze({
  memoryBytes: 512 * 1024 * 1024,
  openFiles: 256,
  fileBytes: 64 * 1024 * 1024,
  threads: 128,
  cpuMs: null,
  outputBytes: 256 * 1024,
  tempBytes: 256 * 1024 * 1024,
});

/** Never readable by any worker, at any depth below the functions root (contract/sandbox.md 4). */
export const protectedFileNames: ReadonlySet<string> = new Set([
  'fn.config.json',
  'fn.env.json',
  'fn.routes.json',
  'fn.test_events.json',
  'fastfn.json',
]);

/** Never visible to a worker: the gateway's state and the project's history. */
export const protectedFolderNames: ReadonlySet<string> = new Set(['.fastfn', '.git']);
