// What a worker said, checked: unknown bytes become a WorkerMessage or a fault. Hand-written, as it runs once per
// result on the hot path. Promises that nothing unchecked, unbounded or unsendable goes further into the gateway.

import { isUtf8 } from 'node:buffer';
import {
  initialWindowBytes,
  inlineBodyBytes,
  maxErrorTextBytes,
  maxLogTextBytes,
  maxWorkerConcurrency,
} from './limits.ts';
import type { FramedBody, ResultMessage, WireBody, WorkerMessage } from './messages.ts';
import { badStatus, checkHeaders } from './result-headers.ts';

/** The worker does not speak the protocol: its connection cannot be trusted any further. */
export interface MessageFault {
  readonly type: 'fault';
  readonly reason: string;
}

/** A well-formed result that cannot be sent to a client: it costs that invocation, not the worker's others. */
export interface InvalidResult {
  readonly type: 'invalid_result';
  readonly id: number;
  readonly body: WireBody | FramedBody;
  readonly reason: string;
}

export type ParsedMessage = WorkerMessage | InvalidResult | MessageFault;

type Fields = Readonly<Record<string, unknown>>;

const maxU32 = 0xffff_ffff;
const maxVersionLength = 64;
const emptyHeaders: ResultMessage['headers'] = Object.freeze({});
const noBody: WireBody = Object.freeze({ kind: 'none' });

/** Parses a message frame's payload. */
export function parseWorkerMessage(payload: Buffer): ParsedMessage {
  if (!isUtf8(payload)) return fault('message is not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return fault('message is not JSON');
  }
  return checkWorkerMessage(value);
}

/** The same for JSON already parsed. */
export function checkWorkerMessage(value: unknown): ParsedMessage {
  if (!isFields(value)) return fault('message is not an object');
  switch (value.type) {
    case 'result':
      return checkResult(value);
    case 'log':
      return checkLog(value);
    case 'credit':
      return checkCredit(value);
    case 'error':
      return checkError(value);
    case 'pong':
      return isU32(value.n) ? { type: 'pong', n: value.n } : fault('pong without a number');
    case 'ready':
      return checkReady(value);
    case 'load_failed':
      return checkLoadFailed(value);
    default:
      return fault('unknown message type');
  }
}

function checkResult(value: Fields): ParsedMessage {
  const { id, status } = value;
  if (!isInvocationId(id)) return fault('result without an invocation id');
  const body = checkBody(value.body);
  if (body === null) return fault('result with a bad body');
  if (!isInteger(status, 100, 599)) return { type: 'invalid_result', id, body, reason: badStatus };
  const { headers, refused } = checkHeaders(value.headers ?? emptyHeaders);
  if (headers === null) return { type: 'invalid_result', id, body, reason: refused };
  const proxy = value.proxy;
  if (proxy === undefined || proxy === null) return { type: 'result', id, status, headers, body };
  if (!isFields(proxy)) return { type: 'invalid_result', id, body, reason: 'proxy is no object' };
  return { type: 'result', id, status, headers, body, proxy };
}

function checkBody(value: unknown): WireBody | null {
  if (value === undefined || value === null) return noBody;
  if (!isFields(value)) return null;
  switch (value.kind) {
    case 'text': {
      const { text } = value;
      return isText(text, inlineBodyBytes) ? { kind: 'text', text } : null;
    }
    case 'none':
      return noBody;
    case 'stream': {
      const bytes = value.bytes ?? null;
      return bytes === null || isInteger(bytes, 0, Number.MAX_SAFE_INTEGER)
        ? { kind: 'stream', bytes }
        : null;
    }
    default:
      return null;
  }
}

function checkLog(value: Fields): ParsedMessage {
  const { id, stream, text } = value;
  if (!isU32(id)) return fault('log without an id');
  if (stream !== 'stdout' && stream !== 'stderr') return fault('log without a stream');
  if (typeof text !== 'string') return fault('log with a bad text');
  return { type: 'log', id, stream, text: cut(text, maxLogTextBytes) };
}

function checkCredit(value: Fields): ParsedMessage {
  const { id, bytes } = value;
  if (!isInvocationId(id)) return fault('credit without an invocation id');
  // More than a whole window at once means a receiver that does not count.
  if (!isInteger(bytes, 1, initialWindowBytes)) return fault('credit with a bad count');
  return { type: 'credit', id, bytes };
}

function checkError(value: Fields): ParsedMessage {
  const { id, error } = value;
  const detail = value.detail ?? '';
  if (!isInvocationId(id)) return fault('error without an invocation id');
  if (typeof error !== 'string' || typeof detail !== 'string') return fault('error with a bad text');
  const texts = { error: cut(error, maxErrorTextBytes), detail: cut(detail, maxErrorTextBytes) };
  return { type: 'error', id, ...texts, ...(value.undecodable === true ? { undecodable: true } : {}) };
}

function checkReady(value: Fields): ParsedMessage {
  const { concurrency } = value;
  const version = value.runtime_version;
  if (!isInteger(concurrency, 1, maxWorkerConcurrency)) return fault('ready with a bad concurrency');
  if (!isText(version, maxVersionLength)) return fault('ready with a bad runtime_version');
  return { type: 'ready', concurrency, runtime_version: version };
}

function checkLoadFailed(value: Fields): ParsedMessage {
  const { error } = value;
  const detail = value.detail ?? '';
  if (typeof error !== 'string' || typeof detail !== 'string') return fault('load_failed with a bad text');
  return {
    type: 'load_failed',
    error: cut(error, maxErrorTextBytes),
    detail: cut(detail, maxErrorTextBytes),
  };
}

function fault(reason: string): MessageFault {
  return { type: 'fault', reason };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isU32(value: unknown): value is number {
  return isInteger(value, 0, maxU32);
}

/** 0 is never an invocation. */
function isInvocationId(value: unknown): value is number {
  return isInteger(value, 1, maxU32);
}

function isText(value: unknown, maxBytes: number): value is string {
  return typeof value === 'string' && fits(value, maxBytes);
}

function fits(text: string, maxBytes: number): boolean {
  // A UTF-16 unit is one to three UTF-8 bytes: count only when that leaves doubt.
  return text.length * 3 <= maxBytes || (text.length <= maxBytes && Buffer.byteLength(text) <= maxBytes);
}

/** Texts for people are shortened, not refused: a long message must not cost a worker its other invocations. */
function cut(text: string, maxBytes: number): string {
  if (fits(text, maxBytes)) return text;
  // May leave a broken last character: `toString` makes that U+FFFD.
  return Buffer.from(text.slice(0, maxBytes)).subarray(0, maxBytes).toString('utf8');
}
