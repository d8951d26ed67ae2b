// The keys that secrets are sealed with: read from a file that is its owner's alone, known by an id that says nothing of them.
// The first key seals; all open, so that a new one can be put on top before the old one goes.

import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeStateFolder, writeFileAtomic } from '../store/atomic-file.ts';

export interface SecretKey {
  /** 16 hex digits of a digest of the key. */
  readonly id: string;
  /** 32 bytes: AES-256. */
  readonly bytes: Buffer;
}

const keyBytes = 32;
const maxKeys = 16;
const maxFileBytes = 4_096;

function keyOf(bytes: Buffer): SecretKey {
  const id = createHash('sha256').update('fastfn secret key id\0').update(bytes).digest('hex').slice(0, 16);
  return Object.freeze({ id, bytes });
}

export function newKey(): SecretKey {
  return keyOf(randomBytes(keyBytes));
}

/** One key a line, as base64 or hex of 32 bytes, the newest first; or 32 bytes as they are. @throws Error */
function parseKeys(content: Buffer): readonly SecretKey[] {
  if (content.length === keyBytes) return [keyOf(content)];
  const lines = content
    .toString('latin1')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const keys = lines.map((line) => {
    const bytes = /^[0-9a-f]{64}$/i.test(line) ? Buffer.from(line, 'hex') : Buffer.from(line, 'base64');
    if (bytes.length !== keyBytes || !/^[A-Za-z0-9+/]{43}=?$|^[0-9a-f]{64}$/i.test(line))
      throw new Error('a line of it is no key: accepted: base64 or hex of 32 bytes');
    return keyOf(bytes);
  });
  if (keys.length === 0 || keys.length > maxKeys)
    throw new Error(`it holds ${keys.length} keys: accepted: 1 to ${maxKeys}`);
  return keys;
}

/**
 * null: there is no such file.
 * @throws Error for a file that others may read, that is no regular file, or that holds no keys
 */
export async function readKeys(path: string): Promise<readonly SecretKey[] | null> {
  try {
    return parseKeys(await readPrivate(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot use the key file of secrets: ${reason}`);
  }
}

async function readPrivate(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { mode, uid, size, ...stats } = await file.stat();
    const user = process.geteuid?.() ?? uid;
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is no regular file');
    if ((mode & 0o077) !== 0)
      throw new Error('others than its owner may use it: accepted: mode 0600 or 0400');
    if (uid !== user && uid !== 0) throw new Error('it belongs to another user');
    if (size > maxFileBytes || stats.nlink > 1) throw new Error('it is too large or has a second name');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export async function writeKeys(path: string, keys: readonly SecretKey[]): Promise<void> {
  await makeStateFolder(dirname(path));
  const text = keys.map(({ bytes }) => `${bytes.toString('base64')}\n`).join('');
  await writeFileAtomic(path, text, { mode: 0o600, keepMode: false });
}
