// Finished builds on disk, by content: `<root>/<runtime>/<key>`. An artifact appears whole by one rename and never changes
// afterwards; what nobody has used for long is removed.

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Artifact, BuildPlan } from './build-plan.ts';
import { SealFault, sealTree } from './seal.ts';
import { placeIn, type Workspace } from './workspace.ts';

export interface ArtifactStoreOptions {
  /** Existing folder without links, the gateway's own. */
  readonly root: string;
  /** Folder on the same file system where an artifact is put together. */
  readonly staging: string;
  /** Who owns finished artifacts; null: builds run as the gateway's user. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /** Removes a folder that untrusted code has filled. */
  readonly removeTree: (path: string) => Promise<void>;
}

/** Written last; its time is that of the last use. */
const markName = 'artifact.json';
const keyName = /^[0-9a-f]{64}$/;
/** An artifact without users goes after this time, or sooner when there are more than so many of its language. */
const maxUnusedMs = 14 * 86_400_000;
const maxUnused = 64;
/** Another gateway may be about to use what it has just found. */
const minUnusedMs = 3_600_000;
/** The start of every native program (elf(5)). */
const elfMagic = Buffer.from('\x7fELF', 'latin1');

export class ArtifactStore {
  readonly #options: ArtifactStoreOptions;

  constructor(options: ArtifactStoreOptions) {
    this.#options = options;
  }

  /** The finished build of this plan, or null. Counts as a use. */
  find(plan: BuildPlan): Artifact | null {
    const dir = this.#dirOf(plan);
    const mark = join(dir, markName);
    if (!existsSync(mark)) return null;
    const { program, importPaths, sharedPaths = [] } = plan.output;
    const lock = madeLock(plan);
    touch(mark);
    return Object.freeze({
      key: plan.key,
      dir,
      program: program === null ? null : join(dir, program),
      importPaths: Object.freeze([...importPaths.map((path) => join(dir, path)), ...sharedPaths]),
      lockfile: lock !== null && existsSync(join(dir, lock)) ? join(dir, lock) : null,
    });
  }

  /**
   * Takes what the plan names out of the workspace and puts it in its place.
   * @throws SealFault when something is missing or must not be there; the system's error where the disk refuses
   */
  async commit(plan: BuildPlan, workspace: Workspace): Promise<Artifact> {
    const draft = join(this.#options.staging, randomBytes(8).toString('hex'));
    mkdirSync(draft, { mode: 0o755 });
    try {
      await this.#assemble(plan, workspace, draft);
      this.#place(plan, draft);
    } catch (error) {
      await this.#options.removeTree(draft);
      throw error;
    }
    const artifact = this.find(plan);
    if (artifact === null) throw new Error(`cannot find the artifact ${plan.key} that was just made`);
    return artifact;
  }

  /** @param inUse keys that serve or are about to. Returns how many were removed. */
  async prune(inUse: ReadonlySet<string>, nowEpochMs: number): Promise<number> {
    let removed = 0;
    for (const folder of this.#runtimeFolders()) {
      const keys = readdirSync(folder).filter((name) => keyName.test(name));
      for (const key of keys) if (inUse.has(key)) touch(join(folder, key, markName));
      const unused = keys
        .filter((key) => !inUse.has(key))
        .map((key) => ({ path: join(folder, key), unusedMs: nowEpochMs - lastUse(join(folder, key)) }))
        .sort((a, b) => a.unusedMs - b.unusedMs);
      for (const [rank, { path, unusedMs }] of unused.entries()) {
        if (unusedMs < maxUnusedMs && (rank < maxUnused || unusedMs < minUnusedMs)) continue;
        await this.#remove(path);
        removed += 1;
      }
    }
    return removed;
  }

  #dirOf({ runtime, key }: BuildPlan): string {
    if (!keyName.test(key)) throw new Error(`cannot use ${key} as the key of a build`);
    return join(this.#options.root, runtime, key);
  }

  #runtimeFolders(): string[] {
    const { root } = this.#options;
    if (!existsSync(root)) return [];
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && /^[a-z]+$/.test(entry.name) && entry.name !== 'cache')
      .map((entry) => join(root, entry.name));
  }

  async #assemble(plan: BuildPlan, workspace: Workspace, draft: string): Promise<void> {
    const { program, importPaths } = plan.output;
    for (const path of importPaths) takeFolder(workspace.dir, path, draft);
    if (program !== null) takeProgram(workspace.dir, program, draft);
    const lock = madeLock(plan);
    if (lock !== null) takeFile(workspace.dir, lock, draft);
    await sealTree(draft, { owner: this.#options.owner, programs: program === null ? [] : [program] });
    const mark = { format: 1, key: plan.key, runtime: plan.runtime, kind: plan.kind, output: plan.output };
    writeFileSync(join(draft, markName), `${JSON.stringify(mark, null, 2)}\n`, { mode: 0o644, flag: 'wx' });
  }

  #place(plan: BuildPlan, draft: string): void {
    const dir = this.#dirOf(plan);
    mkdirSync(dirname(dir), { recursive: true, mode: 0o711 });
    renameSync(draft, dir);
    chmodSync(dir, 0o555);
  }

  /** Out of sight first, so that nobody finds half of it. */
  async #remove(path: string): Promise<void> {
    const away = join(this.#options.staging, randomBytes(8).toString('hex'));
    // A folder can be moved to another only while it is writable (rename(2): its `..` changes).
    chmodSync(path, 0o755);
    renameSync(path, away);
    await this.#options.removeTree(away);
  }
}

/** The lock that the build itself writes, relative to the workspace; one that was there before stays where it is. */
function madeLock({ report }: BuildPlan): string | null {
  const lock = report?.lockfilePath ?? null;
  return lock === null || isAbsolute(lock) ? null : lock;
}

/** Marks it as used now. */
function touch(mark: string): void {
  try {
    const now = new Date();
    utimesSync(mark, now, now);
  } catch {
    // A read-only state folder serves what it has.
  }
}

function lastUse(path: string): number {
  return lstatSync(join(path, markName), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Nothing on the way to it may be a link: the tool was in control of the workspace. */
function ownPath(workspace: string, path: string): string | null {
  const place = placeIn(workspace, path);
  if (!existsSync(place)) return null;
  if (realpathSync(place) !== place) throw new SealFault(`${path} lies behind a link`);
  return place;
}

function takeFolder(workspace: string, path: string, draft: string): void {
  const target = placeIn(draft, path);
  if (existsSync(target)) return; // Part of a folder that was taken before.
  mkdirSync(dirname(target), { recursive: true });
  const place = ownPath(workspace, path);
  // A tool that had nothing to install makes no folder.
  if (place === null) mkdirSync(target);
  else if (lstatSync(place).isDirectory()) renameSync(place, target);
  else throw new SealFault(`${path} is no folder`);
}

function takeFile(workspace: string, path: string, draft: string): boolean {
  const place = ownPath(workspace, path);
  if (place === null || !lstatSync(place).isFile()) return false;
  const target = placeIn(draft, path);
  mkdirSync(dirname(target), { recursive: true });
  renameSync(place, target);
  return true;
}

function takeProgram(workspace: string, path: string, draft: string): void {
  if (!takeFile(workspace, path, draft)) throw new SealFault('it produced no binary');
  const start = Buffer.alloc(elfMagic.length);
  const fd = openSync(join(draft, path), 'r');
  try {
    readSync(fd, start, 0, start.length, 0);
  } finally {
    closeSync(fd);
  }
  if (process.platform === 'linux' && !start.equals(elfMagic))
    throw new SealFault('it produced no native binary');
}
