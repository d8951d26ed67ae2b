// One small JSON document of the gateway's own state. Reading is bounded and refuses what is no regular file; writing is
// atomic, private, and one after the other.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeStateFolder, writeFileAtomic } from './atomic-file.ts';

const maxBytes = 16 * 1_048_576;

export class JsonFile {
  readonly path: string;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Parsed, unchecked; null when there is no file.
   * @throws Error when it cannot be read or is no JSON
   */
  async load(): Promise<unknown> {
    const text = await readPrivateText(this.path);
    return text === null ? null : JSON.parse(text);
  }

  /** Writes come to disk in the order of the calls. @throws the system's error */
  save(value: unknown): Promise<void> {
    const text = `${JSON.stringify(value, null, 2)}\n`;
    const write = async (): Promise<void> => {
      await makeStateFolder(dirname(this.path));
      await writeFileAtomic(this.path, text, { mode: 0o600, keepMode: false });
    };
    this.#last = this.#last.then(write, write);
    return this.#last;
  }

  /** Resolves when nothing is being written, whatever became of it. */
  async settled(): Promise<void> {
    await this.#last.catch(() => {});
  }
}

async function readPrivateText(path: string): Promise<string | null> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    // O_NONBLOCK: a FIFO in its place must not make us wait for a writer (open(2)).
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxBytes) throw new Error(`cannot read ${path}: not a state file`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
