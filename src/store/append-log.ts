// A log of JSON lines on disk that never grows beyond two files of a fixed size: at the limit the present one becomes the
// old one. Lines are written in order; each is there whole or not at all once `add` has resolved.

import { constants } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeStateFolder } from './atomic-file.ts';

export interface AppendLogOptions {
  readonly path: string;
  /** Size at which a file is put aside. Default 4 MiB. */
  readonly maxBytes?: number;
}

const openFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

export class AppendLog {
  readonly #path: string;
  readonly #maxBytes: number;
  /** Whether the file is known to end with a line's end. */
  #endsWhole = false;
  #last: Promise<void> = Promise.resolve();

  constructor({ path, maxBytes = 4 * 1_048_576 }: AppendLogOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** @throws the system's error; later lines are tried all the same */
  add(entry: Readonly<Record<string, unknown>>): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    const write = (): Promise<void> => this.#write(line);
    this.#last = this.#last.then(write, write);
    return this.#last;
  }

  /** The last lines of both files, oldest first; lines that are no JSON (a disk that was full) are left out. */
  async tail(lines: number): Promise<Record<string, unknown>[]> {
    await this.#last.catch(() => {});
    const texts = [await readText(`${this.#path}.1`), await readText(this.#path)];
    return texts
      .flatMap((text) => text.split('\n'))
      .filter((line) => line !== '')
      .slice(-lines)
      .flatMap(parseLine);
  }

  async settled(): Promise<void> {
    await this.#last.catch(() => {});
  }

  async #write(line: string): Promise<void> {
    await makeStateFolder(dirname(this.#path));
    const size = await stat(this.#path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > 0 && size + Buffer.byteLength(line) > this.#maxBytes)
      await rename(this.#path, `${this.#path}.1`);
    const file = await open(this.#path, openFlags, 0o600);
    try {
      // What was cut off when the last gateway died must not swallow this line.
      const text =
        this.#endsWhole || (await endsWithLine(this.#path, (await file.stat()).size)) ? line : `\n${line}`;
      this.#endsWhole = false;
      await file.appendFile(text);
      this.#endsWhole = true;
    } finally {
      await file.close();
    }
  }
}

async function endsWithLine(path: string, size: number): Promise<boolean> {
  if (size === 0) return true;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 0x0a;
  } finally {
    await file.close();
  }
}

async function readText(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}

function parseLine(line: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? [value as Record<string, unknown>]
      : [];
  } catch {
    return [];
  }
}
