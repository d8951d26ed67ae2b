// What was deleted last, kept in the state folder until the next change so that it can be taken back. Promises that a deletion
// and its undoing happen as a whole: when a part fails, the parts already moved go back.

import { randomBytes } from 'node:crypto';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isObject } from '../discovery/checked-document.ts';
import { GatewayError } from '../errors.ts';
import { makePrivateFolder, makeStateFolder } from '../store/atomic-file.ts';
import { JsonFile } from '../store/json-file.ts';
import { statOrNull } from './tree-file.ts';

/** What was deleted, in the words of the call. */
export type Deleted = Readonly<Record<string, string>>;

export interface Restored {
  readonly what: Deleted;
  /** Absolute. */
  readonly paths: readonly string[];
}

interface Entry {
  readonly id: string;
  /** Epoch s. */
  readonly deleted_at: number;
  readonly what: Deleted;
  /** Paths relative to the functions root; each lies in the trash under its place in this list. */
  readonly items: readonly string[];
}

interface Move {
  readonly from: string;
  readonly to: string;
}

export class Trash {
  readonly #folder: string;
  readonly #manifest: JsonFile;

  /** @param stateDir absolute folder of the gateway's own files */
  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'trash');
    this.#manifest = new JsonFile(join(this.#folder, 'last.json'));
  }

  /** What could be taken back; null when nothing could. */
  async last(): Promise<Omit<Entry, 'items'> | null> {
    const entry = await this.#load();
    return entry === null ? null : { id: entry.id, deleted_at: entry.deleted_at, what: entry.what };
  }

  /** Moves files and folders below `root` into the trash; what was in it before is gone for good. */
  async put(root: string, paths: readonly string[], what: Deleted): Promise<void> {
    const id = randomBytes(8).toString('hex');
    const place = join(this.#folder, id);
    await makeStateFolder(dirname(this.#folder));
    await makePrivateFolder(place);
    const before = await this.#load();
    const items = paths.map((path) => relative(root, path));
    // Said before it is done: what a gateway that dies in between has moved can be moved back.
    await this.#manifest.save({ id, deleted_at: Date.now() / 1000, what, items } satisfies Entry);
    try {
      await moveAll(paths.map((path, index) => ({ from: path, to: join(place, String(index)) })));
    } catch (error) {
      await (before === null ? this.empty() : this.#manifest.save(before));
      throw error;
    }
    if (before !== null) await this.#erase(before.id);
  }

  /**
   * Moves the last deletion back to where it was.
   * @throws GatewayError not_found when there is none, already_exists when its place is taken
   */
  async takeBack(root: string): Promise<Restored> {
    const entry = await this.#load();
    if (entry === null) throw new GatewayError('not_found', { text: 'nothing to undo' });
    const moves: Move[] = [];
    for (const [index, item] of entry.items.entries()) {
      const from = join(this.#folder, entry.id, String(index));
      if ((await statOrNull(from)) !== null) moves.push({ from, to: join(root, item) });
    }
    for (const { to } of moves) {
      if ((await statOrNull(to)) !== null) {
        throw new GatewayError('already_exists', { text: `cannot undo: ${relative(root, to)} exists` });
      }
    }
    for (const { to } of moves) await mkdir(dirname(to), { recursive: true });
    await moveAll(moves);
    await this.empty();
    return { what: entry.what, paths: moves.map(({ to }) => to) };
  }

  /** Erases what is in it. */
  async empty(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #erase(id: string): Promise<void> {
    return rm(join(this.#folder, id), { recursive: true, force: true });
  }

  async #load(): Promise<Entry | null> {
    const value = await this.#manifest.load().catch(() => null);
    if (!isObject(value)) return null;
    const { id, deleted_at: deletedAt, what, items } = value;
    const isWhole = typeof id === 'string' && /^[0-9a-f]{16}$/.test(id) && typeof deletedAt === 'number';
    if (!isWhole || !isObject(what) || !Array.isArray(items) || !items.every(isSafeItem)) return null;
    return { id, deleted_at: deletedAt, what: what as Deleted, items };
  }
}

function isSafeItem(item: unknown): item is string {
  return typeof item === 'string' && item !== '' && !item.startsWith('/') && !item.split('/').includes('..');
}

async function moveAll(moves: readonly Move[]): Promise<void> {
  const done: Move[] = [];
  try {
    for (const each of moves) {
      await move(each);
      done.push(each);
    }
  } catch (error) {
    for (const { from, to } of done.reverse()) await move({ from: to, to: from }).catch(() => {});
    throw error;
  }
}

/** The state folder may lie on another disk. */
async function move({ from, to }: Move): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    await rm(from, { recursive: true });
  }
}
