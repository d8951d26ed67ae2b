// The minimal root that a worker may be given: what its policy grants and nothing else, so that other paths do not even
// exist for it. Computed from the same grants as the Landlock rules, which hold inside it all the same.

import { dirname } from 'node:path';
import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import type { PathLink, SystemGrants } from './system-grants.ts';

/** How a launcher comes to a mount namespace of its own. */
export type NamespaceWay =
  /** It makes one itself: the gateway has CAP_SYS_ADMIN. */
  | 'mount'
  /** It was started in one, by unshare(1), together with a user namespace. */
  | 'unshare';

export interface RootPlan {
  readonly way: NamespaceWay;
  /** What is brought in from the host at the same path, folders before what lies in them. */
  readonly mounts: readonly RootMount[];
  /** Folders made anew: they show what is mounted below them, and nothing else of what the host has there. */
  readonly folders: readonly string[];
  /** Links of the operator's system that lead to what is mounted (`/lib64` → `usr/lib64`). */
  readonly links: readonly PathLink[];
}

export interface RootMount {
  readonly path: string;
  /** False: the mount is read-only. */
  readonly write: boolean;
  /** True: a missing path fails the launch. Links are never followed, either way. */
  readonly required: boolean;
}

export interface RootInput {
  readonly way: NamespaceWay;
  readonly policy: SandboxPolicy;
  readonly system: SystemGrants;
  /** Program to be executed, absolute and without links. */
  readonly file: string;
  /** The worker's private temporary folder. */
  readonly tempDir: string;
}

/** The nearest of `mounts` that is `path` or a folder above it. */
function mountAbove(mounts: ReadonlyMap<string, RootMount>, path: string): RootMount | null {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = mounts.get(folder);
    if (found !== undefined) return found;
    if (folder === '/') return null;
  }
}

/** A path that a mounted folder shows already is left out, unless it is writable there alone. */
function mergeMounts(mounts: readonly RootMount[]): ReadonlyMap<string, RootMount> {
  const strongest = new Map<string, RootMount>();
  for (const { path, write, required } of mounts) {
    const before = strongest.get(path);
    strongest.set(path, {
      path,
      write: write || before?.write === true,
      required: required || before?.required === true,
    });
  }
  const merged = new Map<string, RootMount>();
  // A shorter path cannot lie below a longer one.
  for (const mount of [...strongest.values()].sort((a, b) => a.path.length - b.path.length)) {
    const above = mountAbove(merged, mount.path);
    if (above === null || (mount.write && !above.write)) merged.set(mount.path, mount);
  }
  return merged;
}

/** Pure: the same input gives the same plan. */
export function planRoot({ way, policy, system, file, tempDir }: RootInput): RootPlan {
  const { files } = policy;
  const grant = (paths: readonly string[], write = false, required = false): RootMount[] =>
    paths.map((path) => ({ path, write, required }));
  const mounts = mergeMounts([
    ...grant([...system.read, ...system.execute, ...system.passages]),
    ...grant(system.devices, true),
    ...grant([...files.read, ...files.execute, ...(files.programs ?? [])]),
    ...grant(files.write, true),
    ...grant([file], false, true),
    ...grant([tempDir], true, true),
  ]);
  const isNew = (path: string) => mountAbove(mounts, path) === null;
  return {
    way,
    mounts: [...mounts.values()],
    folders: files.list.filter(isNew),
    links: system.links.filter(({ path }) => isNew(path)),
  };
}
