// One process at a time: a file that only one can make. Left behind by a process that has died, it is taken over.

import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const waitMs = 10_000;
const pollMs = 20;

/** @throws Error when another live process keeps it for longer than ten seconds */
export async function withFileLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  await lock(path);
  try {
    return await action();
  } finally {
    await rm(path, { force: true });
  }
}

async function lock(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, String(process.pid), { mode: 0o600, flag: 'wx' });
  try {
    for (let waited = 0; waited < waitMs; waited += pollMs) {
      // A link appears with its content, and only where there is none (link(2)).
      if (await isMade(draft, path)) return;
      if (await isLeftBehind(path)) await rm(path, { force: true });
      else await sleep(pollMs);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new Error(`cannot lock ${path}: another process keeps it`);
}

async function isMade(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isLeftBehind(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (!/^\d+$/.test(text)) return false;
  try {
    process.kill(Number(text), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
