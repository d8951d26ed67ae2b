// A client of one streamed answer over a bare socket: hears of each piece when it arrives, and whether the end was an orderly one.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How an answer ended: `whole` by its own framing or an orderly close, `cut` before that, `reset` by the kernel. */
export type StreamEnd = 'whole' | 'cut' | 'reset';

export interface StreamAsk {
  readonly method?: string;
  readonly version?: '1.0' | '1.1';
  readonly headers?: readonly string[];
}

export class StreamClient {
  readonly ended: Promise<StreamEnd>;
  readonly socket: Socket;
  /** Bytes of head and body so far; only counted when `keep` is false. */
  text = '';
  byteCount = 0;
  keep = true;
  readonly #waiting = new Set<() => void>();

  constructor(
    base: string,
    target: string,
    { method = 'GET', version = '1.1', headers = [] }: StreamAsk = {},
  ) {
    const { hostname, port } = new URL(base);
    this.socket = connect(Number(port), hostname);
    let reset = false;
    this.socket.on('data', (bytes) => {
      this.byteCount += bytes.length;
      if (this.keep) this.text += bytes.toString('latin1');
      this.#wake();
    });
    this.socket.on('error', () => {
      reset = true;
    });
    this.ended = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.#wake();
        resolve(reset ? 'reset' : this.isWhole ? 'whole' : 'cut');
      });
    });
    this.socket.write(
      [`${method} ${target} HTTP/${version}`, 'Host: a', 'Connection: close', ...headers, '', ''].join(
        '\r\n',
      ),
    );
  }

  get head(): string {
    const end = this.text.indexOf('\r\n\r\n');
    return end === -1 ? '' : this.text.slice(0, end);
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.head)?.[1] ?? '0');
  }

  header(name: string): string | null {
    return new RegExp(`^${name}: (.*)$`, 'im').exec(this.head)?.[1]?.trim() ?? null;
  }

  /** The body without the sizes of its chunks. */
  get body(): string {
    const raw = this.text.slice(this.head.length + 4);
    if (this.header('transfer-encoding') !== 'chunked') return raw;
    let body = '';
    for (let at = 0; ; ) {
      const line = raw.indexOf('\r\n', at);
      const size = line === -1 ? Number.NaN : Number.parseInt(raw.slice(at, line), 16);
      if (!(size > 0)) return body;
      body += raw.slice(line + 2, line + 2 + size);
      at = line + 2 + size + 2;
    }
  }

  get isWhole(): boolean {
    if (this.header('transfer-encoding') === 'chunked') return this.text.endsWith('0\r\n\r\n');
    const length = this.header('content-length');
    return length === null || this.body.length === Number(length);
  }

  /** Waits until `holds`, or the end of the answer; throws after `limitMs` (default 8000). */
  async until(holds: () => boolean, limitMs = 8000): Promise<void> {
    const limit = sleep(limitMs, 'late', { ref: false });
    while (!holds() && !this.socket.closed) {
      const arrived = new Promise<void>((resolve) => this.#waiting.add(resolve));
      if ((await Promise.race([arrived, limit])) === 'late')
        throw new Error(`waited ${limitMs} ms: ${this.text.slice(-300)}`);
    }
  }

  /** Leaves in the middle. */
  leave(): void {
    this.socket.destroy();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
