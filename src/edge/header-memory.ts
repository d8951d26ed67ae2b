// The headers of the last request on each client connection. A client says the same ones each time, so those of its next
// request are mostly read already, as an object and as JSON.

import { type EventHeaders, eventHeaders } from '../invocation/event-headers.ts';

/** Longer ones are read again each time: an idle connection holds no more than this many characters twice. */
const maxChars = 2_048;

export class ReadHeaders {
  readonly headers: EventHeaders;
  #json: string | null = null;

  constructor(headers: EventHeaders) {
    this.headers = headers;
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.headers);
    return this.#json;
  }
}

interface LastSeen {
  raw: readonly string[];
  read: ReadHeaders;
}

export class HeaderMemory {
  readonly #last = new WeakMap<object, LastSeen>();

  /** @param raw names and values in turn, as node:http gives them in `rawHeaders` */
  read(connection: object, raw: readonly string[]): ReadHeaders {
    const last = this.#last.get(connection);
    if (last !== undefined && isSame(last.raw, raw)) return last.read;
    const read = new ReadHeaders(eventHeaders(raw));
    if (charsOf(raw) > maxChars) return read;
    if (last === undefined) this.#last.set(connection, { raw, read });
    else {
      last.raw = raw;
      last.read = read;
    }
    return read;
  }
}

function isSame(before: readonly string[], now: readonly string[]): boolean {
  if (before.length !== now.length) return false;
  for (let index = 0; index < now.length; index++) if (before[index] !== now[index]) return false;
  return true;
}

function charsOf(raw: readonly string[]): number {
  let chars = 0;
  for (const text of raw) chars += text.length;
  return chars;
}
