// Watches a functions tree and says when a rescan is due: soon after the last of a burst of changes, and never later than
// a second after the first. Falls back to comparing fingerprints where the system cannot watch.

import { basename, relative, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Clock, Timer } from '../clock.ts';
import { stampTree } from './tree-stamp.ts';

export interface WatchOptions {
  /** Functions root. */
  readonly root: string;
  /** The gateway's own folder: its changes say nothing about functions. */
  readonly stateDir: string;
  /** False: compare fingerprints every `intervalMs` instead of watching. */
  readonly watchdog: boolean;
  readonly debounceMs: number;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Called after each burst of changes; must not throw. */
  readonly onChange: () => void;
  /** Watching is impossible (for example no inotify watches left); the interval has taken over. */
  readonly onFallback?: (error: unknown) => void;
}

export interface FunctionsWatch {
  /** Settled when changes from now on are seen. Rescan after it, or start watching before the first scan. */
  readonly ready: Promise<void>;
  /** No call of `onChange` comes after this. */
  close(): Promise<void>;
}

/** Longest time that a steady stream of changes can put off a rescan. */
const maxWaitMs = 1_000;

/** Any part of a path called like this makes it uninteresting: installed, built, or kept by tools. */
const ignoredNames: ReadonlySet<string> = new Set([
  '.git',
  'node_modules',
  '__pycache__',
  '.fastfn',
  '.deps',
  '.rust-build',
  '.go-build',
  '.DS_Store',
]);

export function watchFunctions(options: WatchOptions): FunctionsWatch {
  return new TreeWatch({ ...options, root: resolve(options.root), stateDir: resolve(options.stateDir) });
}

class TreeWatch implements FunctionsWatch {
  readonly ready: Promise<void>;
  readonly #options: WatchOptions;
  #watcher: FSWatcher | null = null;
  #timer: Timer | null = null;
  /** When the burst now under way began, in clock milliseconds. */
  #burstSince: number | null = null;
  #stamp: string | null = null;
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.ready = options.watchdog ? this.#watch() : this.#compare();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#watcher?.close();
  }

  #watch(): Promise<void> {
    const watcher = watch(this.#options.root, {
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
      ignored: (path) => this.#isIgnored(path),
    });
    this.#watcher = watcher;
    watcher.on('all', () => this.#noteChange());
    return new Promise((done) => {
      watcher.once('ready', () => done());
      watcher.on('error', (error) => {
        done();
        this.#fallBack(watcher, error);
      });
    });
  }

  #isIgnored(path: string): boolean {
    const { root, stateDir } = this.#options;
    if (path === stateDir) return true;
    const inside = relative(root, path);
    if (inside === '' || inside.startsWith('..')) return false;
    return basename(inside).endsWith('~') || inside.split('/').some((name) => ignoredNames.has(name));
  }

  #fallBack(watcher: FSWatcher, error: unknown): void {
    if (this.#closed || this.#watcher !== watcher) return;
    this.#watcher = null;
    watcher.close().catch(() => undefined);
    this.#options.onFallback?.(error);
    // What changed while the watch was failing is unknown: count it as a change.
    this.#options.onChange();
    void this.#compare();
  }

  #noteChange(): void {
    if (this.#closed) return;
    const { clock, debounceMs } = this.#options;
    this.#burstSince ??= clock.now();
    const left = this.#burstSince + maxWaitMs - clock.now();
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, Math.min(debounceMs, left)), () => {
      this.#burstSince = null;
      this.#options.onChange();
    });
  }

  async #compare(): Promise<void> {
    const stamp = await stampTree(this.#options.root, [this.#options.stateDir]);
    if (this.#closed) return;
    const changed = this.#stamp !== null && this.#stamp !== stamp;
    this.#stamp = stamp;
    if (changed) this.#options.onChange();
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(this.#options.intervalMs, () => void this.#compare());
  }
}
