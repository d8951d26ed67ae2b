// What a process writes on its own stdout and stderr, outside the protocol: drained so that it never blocks for good,
// logged within bounds. A flood is paused, which stalls its writer only, and what is not logged is counted.

import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';

export type OutputStream = 'stdout' | 'stderr';

export interface OutputLimits {
  /** Longest line; the rest of it is cut off. Bytes. */
  readonly maxLineBytes: number;
  /** Lines and bytes logged per second. */
  readonly maxLines: number;
  readonly maxLoggedBytes: number;
  /** Bytes read per second; beyond it the pipes rest until the second is over. */
  readonly maxReadBytes: number;
}

export const defaultOutputLimits: OutputLimits = Object.freeze({
  maxLineBytes: 4_096,
  maxLines: 200,
  maxLoggedBytes: 65_536,
  maxReadBytes: 4_194_304,
});

const windowMs = 1_000;
/** Last lines of stderr kept for the log of a failed start. */
const tailLines = 20;

export interface OutputSink {
  line(stream: OutputStream, text: string): void;
  /** Once per second in which something was left out. */
  dropped(bytes: number): void;
}

export class WorkerOutput {
  readonly #clock: Clock;
  readonly #sink: OutputSink;
  readonly #limits: OutputLimits;
  readonly #streams: Readable[] = [];
  readonly #unfinished = new Map<OutputStream, string>();
  readonly #tail: string[] = [];
  #window: Timer | null = null;
  /** Pipes that have not ended. */
  #open = 0;
  #whenEnded: (() => void) | null = null;
  #lines = 0;
  #logged = 0;
  #read = 0;
  #dropped = 0;

  constructor(clock: Clock, sink: OutputSink, limits: OutputLimits = defaultOutputLimits) {
    this.#clock = clock;
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Drains a pipe until its end. */
  attach(name: OutputStream, stream: Readable): void {
    this.#streams.push(stream);
    this.#open += 1;
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#take(name, text));
    stream.on('end', () => this.#finish(name));
    // EIO and the like at the end of a process: its exit says all there is to say.
    stream.on('error', () => this.#finish(name));
    stream.once('close', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#whenEnded?.();
    });
  }

  /** Resolves when every pipe is closed; at once when none is open. One waiter. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#open === 0) resolve();
      else this.#whenEnded = resolve;
    });
  }

  /** Output that came another way (a `log` message); whole lines or a piece. */
  add(name: OutputStream, text: string): void {
    for (const line of text.split('\n')) if (line !== '') this.#line(name, line);
  }

  /** The last lines of stderr, for a start that failed. */
  get tail(): string {
    return this.#tail.join('\n');
  }

  /** Stops reading; the pipes are closed. */
  close(): void {
    for (const stream of this.#streams) stream.destroy();
    for (const name of this.#unfinished.keys()) this.#finish(name);
    this.#endWindow();
    this.#window?.cancel();
    this.#window = null;
  }

  #take(name: OutputStream, text: string): void {
    this.#openWindow();
    this.#read += text.length;
    if (this.#read > this.#limits.maxReadBytes) for (const stream of this.#streams) stream.pause();
    const pieces = text.split('\n');
    const last = pieces.pop() ?? '';
    for (const piece of pieces) {
      this.#line(name, (this.#unfinished.get(name) ?? '') + piece);
      this.#unfinished.delete(name);
    }
    this.#keep(name, last);
  }

  #keep(name: OutputStream, piece: string): void {
    const line = (this.#unfinished.get(name) ?? '') + piece;
    if (line === '') return;
    const kept = line.slice(0, this.#limits.maxLineBytes);
    this.#dropped += line.length - kept.length;
    this.#unfinished.set(name, kept);
  }

  #finish(name: OutputStream): void {
    const line = this.#unfinished.get(name);
    this.#unfinished.delete(name);
    if (line !== undefined) this.#line(name, line);
  }

  #line(name: OutputStream, text: string): void {
    if (text === '') return;
    this.#openWindow();
    const line = text.slice(0, this.#limits.maxLineBytes);
    this.#dropped += text.length - line.length;
    if (name === 'stderr') {
      this.#tail.push(line);
      if (this.#tail.length > tailLines) this.#tail.shift();
    }
    if (this.#lines >= this.#limits.maxLines || this.#logged + line.length > this.#limits.maxLoggedBytes) {
      this.#dropped += line.length;
      return;
    }
    this.#lines += 1;
    this.#logged += line.length;
    this.#sink.line(name, line);
  }

  #openWindow(): void {
    this.#window ??= this.#clock.after(windowMs, () => {
      this.#window = null;
      this.#endWindow();
      for (const stream of this.#streams) if (stream.isPaused()) stream.resume();
    });
  }

  #endWindow(): void {
    if (this.#dropped > 0) this.#sink.dropped(this.#dropped);
    this.#lines = 0;
    this.#logged = 0;
    this.#read = 0;
    this.#dropped = 0;
  }
}
