// What user code prints. console and process.stdout/stderr lead here instead of to the process's own descriptors; the
// async context says which invocation printed. Bounded per invocation; sent in order, ahead of that invocation's answer. A
// finished line leaves at once: a handler that then blocks or dies is what its output is wanted for.

import { Writable } from 'node:stream';
import { byteLength, defineProperty, now } from './builtins.ts';
import type { Invocation } from './invocation.ts';
import { maxLogTextBytes } from './limits.ts';
import { OutputBuffer, type OutputStream } from './output-buffer.ts';
import { pieces, truncate } from './text.ts';

/** Printing outside any invocation gets this allowance anew after this long, ms: it has no end to be counted by. */
const looseAllowanceMs = 1_000;

export interface OutputRoute {
  /** The invocation whose code is running now, if any. */
  current(): Invocation | undefined;
  /** Sends one log message. */
  send(id: number, stream: OutputStream, text: string): void;
  /** Asks for `drainAll` at the end of this turn. */
  wake(): void;
  /** Writes what was sent, now. */
  flush(): void;
}

export class OutputTap {
  readonly #route: OutputRoute;
  readonly #loose = new OutputBuffer(0);
  readonly #waiting: { id: number; buffer: OutputBuffer }[] = [];
  #looseSince = Number.NEGATIVE_INFINITY;
  #maxBytes = 65_536;

  constructor(route: OutputRoute) {
    this.#route = route;
  }

  /** Leads process.stdout and process.stderr (and with them console) here. `maxBytes` is per invocation. */
  install(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    for (const stream of ['stdout', 'stderr'] as const) {
      const value = new Writable({
        decodeStrings: false,
        write: (chunk: string | Buffer, _encoding, done) => {
          this.write(stream, typeof chunk === 'string' ? chunk : chunk.toString('utf8'));
          done();
        },
      });
      defineProperty(process, stream, { configurable: true, enumerable: true, get: () => value });
    }
  }

  write(stream: OutputStream, text: string): void {
    const invocation = this.#route.current();
    if (invocation === undefined || invocation.ended) {
      this.#refillLoose();
      this.#append(0, this.#loose, stream, text);
      return;
    }
    invocation.output ??= new OutputBuffer(this.#maxBytes);
    this.#append(invocation.id, invocation.output, stream, text);
  }

  /** Sends what `invocation` printed: before its answer. */
  drain(invocation: Invocation): void {
    if (invocation.output !== null) this.#send(invocation.id, invocation.output);
  }

  drainAll(): void {
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const row = this.#waiting[index];
      if (row === undefined) continue;
      row.buffer.waiting = false;
      this.#send(row.id, row.buffer);
    }
    this.#waiting.length = 0;
  }

  #append(id: number, buffer: OutputBuffer, stream: OutputStream, text: string): void {
    if (buffer.cut || text === '') return;
    // Order between the two streams matters to a reader: a change of stream ends the piece.
    if (buffer.stream !== stream) this.#send(id, buffer);
    buffer.stream = stream;
    const size = byteLength(text);
    if (size <= buffer.bytesLeft) {
      buffer.bytesLeft -= size;
      buffer.text += text;
    } else {
      buffer.cut = true;
      buffer.text += `${truncate(text, buffer.bytesLeft)}\n[output cut: more than ${this.#maxBytes} bytes]\n`;
    }
    this.#sendLines(id, buffer);
    if (buffer.text === '' || buffer.waiting) return;
    buffer.waiting = true;
    this.#waiting[this.#waiting.length] = { id, buffer };
    this.#route.wake();
  }

  #sendLines(id: number, buffer: OutputBuffer): void {
    const end = buffer.text.lastIndexOf('\n') + 1;
    if (end === 0) return;
    const rest = buffer.text.slice(end);
    buffer.text = buffer.text.slice(0, end);
    this.#send(id, buffer);
    buffer.text = rest;
    this.#route.flush();
  }

  #send(id: number, buffer: OutputBuffer): void {
    if (buffer.text === '') return;
    const parts = pieces(buffer.text, maxLogTextBytes);
    buffer.text = '';
    for (let index = 0; index < parts.length; index += 1)
      this.#route.send(id, buffer.stream, parts[index] ?? '');
  }

  #refillLoose(): void {
    const time = now();
    if (time - this.#looseSince < looseAllowanceMs) return;
    this.#looseSince = time;
    this.#loose.bytesLeft = this.#maxBytes;
    this.#loose.cut = false;
  }
}
