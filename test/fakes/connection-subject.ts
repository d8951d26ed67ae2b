// The gateway's end of a connection with a test at the other end, and what either of them heard.

import type { GatewayError } from '../../src/errors.ts';
import type { CallHandlers } from '../../src/protocol/call.ts';
import { WorkerConnection } from '../../src/protocol/connection.ts';
import type { LoadMessage } from '../../src/protocol/messages.ts';
import { createSocketPair, type SocketPair } from './socket-pair.ts';
import { WorkerPeer } from './worker-peer.ts';

export const loadMessage: LoadMessage = {
  type: 'load',
  protocol: 1,
  function: 'node/x',
  version: 'default',
  entry: '/x/handler.js',
  root: '/x',
  handler: 'handler',
  adapter: 'native',
  env: {},
  strict: true,
  readable: [],
  writable: [],
  dependencies: [],
  context: {},
  maxOutputBytes: 1000,
};

const pairs: SocketPair[] = [];

/** For `afterEach`: ends every connection of a test. */
export function closeConnections(): void {
  for (const pair of pairs.splice(0)) pair.close();
}

export interface Subject {
  readonly connection: WorkerConnection;
  readonly peer: WorkerPeer;
  readonly pair: SocketPair;
  /** What the listener heard, in order. */
  readonly heard: string[];
  readonly closed: Promise<GatewayError>;
}

export async function connected(): Promise<Subject> {
  const pair = await createSocketPair();
  pairs.push(pair);
  const heard: string[] = [];
  const closed = Promise.withResolvers<GatewayError>();
  const connection = new WorkerConnection(pair.gateway, {
    log: (message) => heard.push(`log ${message.id} ${message.text}`),
    fault: (reason) => heard.push(`fault ${reason}`),
    closed: (error) => {
      heard.push(`closed ${error.code}`);
      closed.resolve(error);
    },
  });
  return { connection, peer: new WorkerPeer(pair.worker), pair, heard, closed: closed.promise };
}

export async function ready(concurrency = 16): Promise<Subject> {
  const subject = await connected();
  const loaded = subject.connection.load(loadMessage);
  await subject.peer.heard('load');
  subject.peer.ready(concurrency);
  await loaded;
  return subject;
}

/** Handlers that write down what they heard; `done` resolves at the end of the call. */
function recorder() {
  const heard: string[] = [];
  const chunks: Buffer[] = [];
  const done = Promise.withResolvers<void>();
  const end = (line: string) => {
    heard.push(line);
    done.resolve();
  };
  const handlers: CallHandlers = {
    result: (message) => {
      heard.push(
        `result ${message.status} ${message.body.kind === 'text' ? message.body.text : message.body.kind}`,
      );
      if (message.body.kind !== 'stream') done.resolve();
    },
    error: (message) => end(`error ${message.error}`),
    chunk: (bytes) => chunks.push(bytes),
    bodyEnd: () => end('bodyEnd'),
    log: (message) => heard.push(`log ${message.text}`),
    lost: (error) => end(`lost ${error.code}`),
  };
  return { heard, chunks, handlers, done: done.promise };
}

export function invoke(subject: Subject, body: Buffer | null = null, event: Record<string, unknown> = {}) {
  const record = recorder();
  const call = subject.connection.invoke(
    { remainingMs: 1_000.9, event: JSON.stringify(event), body },
    record.handlers,
  );
  return { ...record, call };
}

/** Time for bytes to arrive that should, or should not. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
