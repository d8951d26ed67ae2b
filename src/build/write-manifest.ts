// Puts a manifest beside a function in one step: a reader sees the old text or the new one, never half of either.

import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Keeps the mode of a file that is there. A folder that cannot be written to is no fault of the function.
 * @returns whether it was written
 */
export function writeManifest(path: string, text: string): boolean {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const old = lstatSync(path, { throwIfNoEntry: false });
    if (old !== undefined && !old.isFile()) return false;
    writeFileSync(draft, text, { flag: 'wx', mode: old === undefined ? 0o644 : old.mode & 0o777 });
    renameSync(draft, path);
    return true;
  } catch {
    rmSync(draft, { force: true });
    return false;
  }
}
