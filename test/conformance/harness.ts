// Runs one worker program of any language the way the launcher would leave it (a connected stream socket on fd 3) and
// speaks frames to it with a client of its own, so that a fault of src/protocol cannot hide a fault of a worker.
// Grants credit by itself, collects each invocation's log and body, and ends the process it started.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type {
  ErrorMessage,
  GatewayMessage,
  InvokeMessage,
  LoadFailedMessage,
  LoadMessage,
  LogMessage,
  ReadyMessage,
  ResultMessage,
  WireBody,
  WorkerMessage,
} from '../../src/protocol/messages.ts';

/** How long a test waits for one answer of a worker before it fails, ms. */
const patienceMs = 10_000;
const chunkMark = 0x01;
const answerMark = 0x02;

export interface WorkerProgram {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the process. Default: PATH only. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What came back for one invocation: `error` is set when the worker sent an error message. */
export interface Answer {
  readonly status: number | null;
  readonly headers: ResultMessage['headers'];
  readonly body: Buffer;
  /** How the body travelled. */
  readonly bodyKind: ResultMessage['body']['kind'] | null;
  readonly proxy: ResultMessage['proxy'];
  readonly error: string | null;
  readonly detail: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InvokeOptions {
  readonly event?: Readonly<Record<string, unknown>>;
  /** A string goes inline, bytes go as chunks. */
  readonly body?: string | Buffer | null;
  readonly remainingMs?: number;
}

interface Running {
  readonly chunks: Buffer[];
  readonly logs: LogMessage[];
  result: ResultMessage | null;
  readonly settle: (answer: Answer) => void;
}

interface Wait {
  readonly forget: () => void;
  readonly fail: (why: string) => void;
}

type Listener = (message: WorkerMessage) => boolean;

export function encodeFrame(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(4 + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  payload.copy(frame, 4);
  return frame;
}

export function encodeMessage(message: object): Buffer {
  return encodeFrame(Buffer.from(JSON.stringify(message)));
}

export function encodeChunk(id: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(chunkMark, 0);
  head.writeUInt32BE(id, 1);
  return encodeFrame(Buffer.concat([head, bytes]));
}

/** A plausible public GET event; `over` replaces top-level keys. */
export function sampleEvent(over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: 'req-1-1-000001',
    ts: 1_700_000_000_000,
    method: 'GET',
    path: '/x',
    raw_path: '/x',
    query: {},
    params: {},
    path_params: {},
    headers: { host: 'example.test' },
    session: null,
    client: { ip: '127.0.0.1' },
    context: { request_id: 'req-1-1-000001', function_name: 'x', version: 'default', timeout_ms: 5000 },
    version: 'default',
    ...over,
  };
}

export class WorkerProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | string | null>;
  /** Every message received, in order. */
  readonly messages: WorkerMessage[] = [];
  /** What the process itself wrote on fd 1 and 2, outside the protocol. */
  rawOutput = '';
  /** False: chunks are kept without granting credit, to test back-pressure. */
  grantCredit = true;
  readonly #socket: Socket;
  readonly #running = new Map<number, Running>();
  readonly #listeners = new Set<Listener>();
  #buffered = Buffer.alloc(0);
  #nextId = 1;
  /** What tests still wait for, to be told when the worker ends. */
  readonly #waits = new Set<Wait>();

  constructor(program: WorkerProgram) {
    // libuv makes an extra 'pipe' a stream socketpair, and leaves the child's end blocking: just what the launcher does.
    this.child = spawn(program.file, program.args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: program.env ?? { PATH: process.env.PATH ?? '' },
      ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
    });
    this.#socket = this.child.stdio[3] as Socket;
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', () => {
      // A worker that ends while it is being written to: the exit status tells the test.
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.rawOutput += text;
      });
    }
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      for (const wait of this.#waits) wait.fail(`the worker ended (${code ?? signal}): ${this.rawOutput}`);
      return code ?? signal;
    });
  }

  /** Sends `load` and waits for the verdict. */
  async load(
    over: Partial<LoadMessage> & { readonly entry: string },
  ): Promise<ReadyMessage | LoadFailedMessage> {
    const verdict = this.waitFor((message) => message.type === 'ready' || message.type === 'load_failed');
    this.send({
      type: 'load',
      protocol: 1,
      function: 'x',
      version: 'default',
      root: over.entry.slice(0, over.entry.lastIndexOf('/')),
      handler: 'handler',
      adapter: 'native',
      env: {},
      strict: false,
      readable: [],
      writable: [],
      dependencies: [],
      context: {},
      maxOutputBytes: 65_536,
      ...over,
    });
    return (await verdict) as ReadyMessage | LoadFailedMessage;
  }

  /** Runs one invocation to its end. */
  async invoke(options: InvokeOptions = {}): Promise<Answer> {
    return this.begin(options).answer;
  }

  /** Collects what comes for an id that the test itself invokes, with bytes of its own. */
  expect(id: number): Promise<Answer> {
    return this.#wait(`answer to invocation ${id}`, (settle: (answer: Answer) => void) => {
      this.#running.set(id, { chunks: [], logs: [], result: null, settle });
    });
  }

  /** Starts one invocation; `id` is for cancel. */
  begin(options: InvokeOptions = {}): { readonly id: number; readonly answer: Promise<Answer> } {
    const id = this.#nextId++;
    const answer = this.expect(id);
    const { body = null } = options;
    this.send({
      type: 'invoke',
      id,
      remaining_ms: options.remainingMs ?? 5000,
      event: sampleEvent(options.event),
      body: wireBody(body),
    } satisfies InvokeMessage);
    if (typeof body !== 'string' && body !== null) {
      for (let at = 0; at < body.length; at += 65_536) this.sendChunk(id, body.subarray(at, at + 65_536));
      this.sendChunk(id, Buffer.alloc(0));
    }
    return { id, answer };
  }

  send(message: GatewayMessage): void {
    this.sendRaw(encodeMessage(message));
  }

  sendChunk(id: number, bytes: Buffer): void {
    this.sendRaw(encodeChunk(id, bytes));
  }

  sendRaw(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  waitFor(matches: (message: WorkerMessage) => boolean): Promise<WorkerMessage> {
    return this.#wait('such message', (settle: (message: WorkerMessage) => void) => {
      const listener: Listener = (message) => {
        if (!matches(message)) return false;
        settle(message);
        return true;
      };
      this.#listeners.add(listener);
    });
  }

  /** Text of `log` messages outside any invocation. */
  looseOutput(stream: 'stdout' | 'stderr'): string {
    return logText(
      this.messages.filter((message) => message.type === 'log' && message.id === 0) as LogMessage[],
      stream,
    );
  }

  /** Bytes of the result body received so far and not yet answered. */
  bufferedBytes(id: number): number {
    return this.#running.get(id)?.chunks.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0;
  }

  /** Closes the connection, as a gateway that goes away does, and waits for the end; kills what does not end. */
  async close(): Promise<number | string | null> {
    for (const wait of this.#waits) wait.forget();
    this.#socket.destroy();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    const status = await this.exited;
    clearTimeout(timer);
    return status;
  }

  /** A promise that fails when patience or the worker ends, and is forgotten when the test closes the worker. */
  #wait<T>(what: string, start: (settle: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = (): void => {
        clearTimeout(timer);
        this.#waits.delete(wait);
      };
      const fail = (why: string): void => {
        forget();
        reject(new Error(`no ${what}: ${why}`));
      };
      const timer = setTimeout(() => fail(`waited ${patienceMs} ms`), patienceMs);
      const wait: Wait = { forget, fail };
      this.#waits.add(wait);
      start((value) => {
        forget();
        resolve(value);
      });
    });
  }

  #receive(bytes: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, bytes]);
    while (this.#buffered.length >= 4) {
      const length = this.#buffered.readUInt32BE(0);
      if (this.#buffered.length < 4 + length) return;
      this.#take(this.#buffered.subarray(4, 4 + length));
      this.#buffered = this.#buffered.subarray(4 + length);
    }
  }

  #take(payload: Buffer): void {
    if (payload[0] === chunkMark) {
      this.#takeChunk(payload.readUInt32BE(1), Buffer.from(payload.subarray(5)));
      return;
    }
    const message: WorkerMessage =
      payload[0] === answerMark ? resultOf(payload) : JSON.parse(payload.toString('utf8'));
    this.messages.push(message);
    if (message.type === 'log') this.#running.get(message.id)?.logs.push(message);
    if (message.type === 'result') this.#takeResult(message);
    if (message.type === 'error') this.#finish(message.id, message);
    for (const listener of this.#listeners) if (listener(message)) this.#listeners.delete(listener);
  }

  #takeResult(message: ResultMessage): void {
    const running = this.#running.get(message.id);
    if (running === undefined) throw new Error(`a second answer to invocation ${message.id}`);
    running.result = message;
    if (message.body.kind === 'bytes') running.chunks.push(message.body.bytes);
    if (message.body.kind === 'text') running.chunks.push(Buffer.from(message.body.text));
    if (message.body.kind !== 'stream') this.#finish(message.id, null);
  }

  #takeChunk(id: number, bytes: Buffer): void {
    if (bytes.length === 0) {
      this.#finish(id, null);
      return;
    }
    this.#running.get(id)?.chunks.push(bytes);
    if (this.grantCredit) this.send({ type: 'credit', id, bytes: bytes.length });
  }

  #finish(id: number, failure: ErrorMessage | null): void {
    const running = this.#running.get(id);
    if (running === undefined) throw new Error(`a second end of invocation ${id}`);
    this.#running.delete(id);
    running.settle({
      status: running.result?.status ?? null,
      headers: running.result?.headers ?? {},
      body: Buffer.concat(running.chunks),
      bodyKind: running.result?.body.kind ?? null,
      proxy: running.result?.proxy,
      error: failure?.error ?? null,
      detail: failure?.detail ?? null,
      stdout: logText(running.logs, 'stdout'),
      stderr: logText(running.logs, 'stderr'),
    });
  }
}

/** An answer frame as the result that it stands for; without bytes its body is none. */
function resultOf(payload: Buffer): ResultMessage {
  const bodyAt = 11 + payload.readUInt32BE(7);
  const bytes = Buffer.from(payload.subarray(bodyAt));
  return {
    type: 'result',
    id: payload.readUInt32BE(1),
    status: payload.readUInt16BE(5),
    headers: JSON.parse(payload.toString('utf8', 11, bodyAt)),
    body: bytes.length === 0 ? { kind: 'none' } : { kind: 'bytes', bytes },
  };
}

function wireBody(body: string | Buffer | null): WireBody {
  if (body === null) return { kind: 'none' };
  return typeof body === 'string' ? { kind: 'text', text: body } : { kind: 'stream', bytes: body.length };
}

function logText(logs: readonly LogMessage[], stream: 'stdout' | 'stderr'): string {
  return logs
    .filter((log) => log.stream === stream)
    .map((log) => log.text)
    .join('');
}
