// A cheap fingerprint of a whole functions tree: two that differ mean that something in it has changed. For the rescan by
// interval, where watching is off or impossible.

import { createHash } from 'node:crypto';
import { listFolder } from './listing.ts';
import { startTimeSlice } from './time-slice.ts';

const maxFolders = 20_000;

/** Reads names and times only; gives way to the event loop. Never throws: what cannot be read counts as absent. */
export async function stampTree(root: string, skipped: readonly string[]): Promise<string> {
  const slice = startTimeSlice();
  const hash = createHash('sha256');
  const pending = [root];
  for (let read = 0; read < maxFolders; read++) {
    const folder = pending.pop();
    if (folder === undefined) break;
    if (skipped.includes(folder)) continue;
    const pause = slice.pause();
    if (pause !== null) await pause;
    hash.update(`\n${folder}\n${stampFolder(folder, pending)}`);
  }
  return hash.digest('base64url');
}

function stampFolder(folder: string, pending: string[]): string {
  try {
    const { files, protectedFiles, bundles, folders, links, stamp } = listFolder(folder);
    for (const name of folders) pending.push(`${folder}/${name}`);
    const shown = [...files, ...bundles].map((entry) => `${entry.name}\0${entry.stamp}`);
    const guarded = [...protectedFiles].map(([name, file]) => `${name}\0${file.stamp}`);
    const unseen = files.some((file) => file.stamp === '') ? stamp : '';
    return [...shown, ...guarded, ...links, unseen].join('\n');
  } catch {
    return '';
  }
}
