// What a build has made becomes read-only, the gateway's own, and free of ways out: untrusted code has filled the tree.
// Works in slices, so that a node_modules of 100,000 files does not hold up requests.

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  type Stats,
} from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';

/** Something in it may not be there; the message says what, relative to the tree. */
export class SealFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealFault';
  }
}

export interface SealOptions {
  /** Who owns it from now on; null: it has the right owner. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /** Relative paths of files that are made executable. */
  readonly programs: readonly string[];
}

const sliceMs = 5;

/**
 * All but the modes of `top` itself, which must be writable to be moved.
 * @throws SealFault for a link that leads out of it, and for what is neither file, folder nor link
 */
export async function sealTree(top: string, options: SealOptions): Promise<void> {
  let sliceEnd = performance.now() + sliceMs;
  const folders = [top];
  // The list grows while it is walked; modes of folders are set last, from the bottom up.
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        // The tool may have taken its own rights away from it.
        chmodSync(path, 0o755);
        folders.push(path);
      } else sealEntry(path, top, options);
      if (performance.now() > sliceEnd) {
        await new Promise((next) => setImmediate(next));
        sliceEnd = performance.now() + sliceMs;
      }
    }
  }
  for (const folder of folders.toReversed()) {
    give(folder, options);
    if (folder !== top) chmodSync(folder, 0o555);
  }
}

function sealEntry(path: string, top: string, options: SealOptions): void {
  const stat = lstatSync(path);
  const name = relative(top, path);
  if (stat.isSymbolicLink()) checkLink(path, top, name);
  else if (stat.isFile()) sealFile(path, stat, options.programs.includes(name));
  else throw new SealFault(`${name} is neither file nor folder`);
  give(path, options);
}

function sealFile(path: string, stat: Stats, isProgram: boolean): void {
  // A second name, in a cache for example, would let a later build write into this one.
  if (stat.nlink > 1) {
    const copy = join(dirname(path), `.${randomBytes(8).toString('hex')}`);
    copyFileSync(path, copy);
    renameSync(copy, path);
  }
  chmodSync(path, isProgram || (stat.mode & 0o111) !== 0 ? 0o555 : 0o444);
}

function checkLink(path: string, top: string, name: string): void {
  const target = readlinkSync(path);
  const isInside = (place: string) => place === top || place.startsWith(`${top}/`);
  const leadsOut =
    isAbsolute(target) || !isInside(resolve(dirname(path), target)) || !isInside(realTarget(path, top));
  if (leadsOut) throw new SealFault(`the link ${name} leads out of what was built`);
}

/** A link that leads nowhere is no way out: nothing will appear in a sealed tree. */
function realTarget(path: string, top: string): string {
  try {
    return realpathSync(path);
  } catch {
    return top;
  }
}

function give(path: string, { owner }: SealOptions): void {
  if (owner !== null) lchownSync(path, owner.uid, owner.gid);
}
