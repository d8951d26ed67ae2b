// Where builds happen on disk: `<state dir>/deps`, with finished artifacts, download caches, and one work folder for each
// gateway that builds here. Nothing is made before the first build, so that a read-only state folder serves what it has.

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type FileLock, tryLockFile } from '../sandbox/file-lock.ts';
import { maxCacheBytes } from './build-sandbox.ts';
import type { WorkspaceOwner } from './workspace.ts';

/** What only the supervisor can do well with folders that untrusted code has filled. */
export interface FolderCare {
  /** Ends processes that work in the folder (a killed gateway leaves them), then removes it. */
  readonly clear: (path: string) => Promise<void>;
  readonly removeTree: (path: string) => Promise<void>;
  readonly isLargerThan: (path: string, bytes: number) => Promise<boolean>;
}

export interface BuildPlaceOptions {
  readonly stateDir: string;
  /** User that builds run as, when that is not the gateway's. */
  readonly owner: WorkspaceOwner | null;
  readonly care: FolderCare;
}

/** Half of what a step may fill: a cache that is found larger is begun anew. */
const trimBytes = maxCacheBytes / 2;
const lockSuffix = '.lock';
/** Others may pass through to what they know the name of, and list nothing: workers with a user of their own. */
const passThrough = 0o711;

export class BuildPlace {
  /** `<state dir>/deps`, without links; may not exist. */
  readonly root: string;
  /** This gateway's own folder below it; exists after `open`. */
  readonly staging: string;
  readonly #options: BuildPlaceOptions;
  #lock: FileLock | null = null;

  constructor(options: BuildPlaceOptions) {
    this.#options = options;
    this.root = join(realFolder(options.stateDir), 'deps');
    this.staging = join(this.root, '.work', randomBytes(8).toString('hex'));
  }

  /** Makes the folders, before the first build. @throws the system's error */
  open(): void {
    if (this.#lock !== null) {
      // Somebody may have cleared the folder to begin anew.
      mkdirSync(this.staging, { recursive: true, mode: this.#options.owner === null ? 0o700 : passThrough });
      return;
    }
    const { owner } = this.#options;
    const mode = owner === null ? 0o700 : passThrough;
    mkdirSync(dirname(this.staging), { recursive: true, mode });
    if (owner !== null) for (const folder of [dirname(this.root), this.root]) letPass(folder);
    const lock = tryLockFile(`${this.staging}${lockSuffix}`);
    if (lock === null) throw new Error('cannot lock the work folder of builds');
    try {
      mkdirSync(this.staging, { mode });
    } catch (error) {
      lock.release();
      throw error;
    }
    this.#lock = lock;
  }

  cacheDir(name: string): string {
    return join(this.root, 'cache', name);
  }

  /** A cache folder that a step is about to use. */
  openCache(path: string): void {
    const { owner } = this.#options;
    mkdirSync(dirname(path), { recursive: true, mode: owner === null ? 0o700 : passThrough });
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (owner !== null) chownSync(path, owner.uid, owner.gid);
  }

  /** Removes what gateways that were killed have left. @throws the first failure when all were tried */
  async sweep(): Promise<void> {
    const work = dirname(this.staging);
    const others = namesIn(work).filter(
      (name) => !name.startsWith(basename(this.staging)) && name.endsWith(lockSuffix),
    );
    const swept = await Promise.allSettled(others.map((name) => this.#sweepOne(join(work, name))));
    for (const outcome of swept) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** While nothing is being built. */
  async trimCaches(): Promise<void> {
    const { care } = this.#options;
    for (const name of namesIn(join(this.root, 'cache'))) {
      const path = this.cacheDir(name);
      if (await care.isLargerThan(path, trimBytes)) await care.removeTree(path);
    }
  }

  /** After the last build has ended. */
  async close(): Promise<void> {
    if (this.#lock === null) return;
    await this.#options.care.removeTree(this.staging);
    this.#lock.release();
    this.#lock = null;
  }

  /** The lock is free only when its gateway is dead. */
  async #sweepOne(lockPath: string): Promise<void> {
    const lock = tryLockFile(lockPath);
    if (lock === null) return;
    const folder = lockPath.slice(0, -lockSuffix.length);
    try {
      if (existsSync(folder)) await this.#options.care.clear(folder);
    } finally {
      lock.release();
    }
  }
}

/** The state folder may be older than the setting, and private. */
function letPass(folder: string): void {
  const mode = statSync(folder).mode & 0o777;
  if ((mode & 0o011) !== 0o011) chmodSync(folder, mode | 0o011);
}

/** Without links, also where its last parts do not exist yet. */
function realFolder(path: string): string {
  if (existsSync(path) || path === dirname(path)) return realpathSync(path);
  return join(realFolder(dirname(path)), basename(path));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Nothing was ever built here.
  }
}
