// What a worker said, checked: unknown bytes become a WorkerMessage or a fault. Hand-written, as it runs once per
// result on the hot path. Promises that nothing unchecked, unbounded or unsendable goes further into the gateway.

import { isUtf8 } from 'node:buffer';
import {
  initialWindowBytes,
  inlineBodyBytes,
  maxErrorTextBytes,
  maxHeaderBytes,
  maxHeadersTotalBytes,
  maxLogTextBytes,
  maxResultHeaders,
  maxWorkerConcurrency,
} from './limits.ts';
import type { ResultMessage, WireBody, WorkerMessage } from './messages.ts';

/** The worker does not speak the protocol: its connection cannot be trusted any further. */
export interface MessageFault {
  readonly type: 'fault';
  readonly reason: string;
}

/** A well-formed result that cannot be sent to a client: it costs that invocation, not the worker's others. */
export interface InvalidResult {
  readonly type: 'invalid_result';
  readonly id: number;
  readonly body: WireBody;
  readonly reason: string;
}

export type ParsedMessage = WorkerMessage | InvalidResult | MessageFault;

type Fields = Readonly<Record<string, unknown>>;

const maxU32 = 0xffff_ffff;
// RFC 9110 5.6.2 token.
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 5.5 field-value: what node:http can send. CR, LF and NUL would split the answer.
const headerValueRefused = /[^\t\x20-\x7e\x80-\xff]/;
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
  if (!isInteger(status, 100, 599)) return invalidResult(id, body, 'status is no integer from 100 to 599');
  const headers = value.headers ?? emptyHeaders;
  if (!isFields(headers)) return invalidResult(id, body, 'headers are no object');
  const reason = refuseHeaders(headers);
  if (reason !== null) return invalidResult(id, body, reason);
  const proxy = value.proxy;
  const checked = headers as ResultMessage['headers'];
  if (proxy === undefined || proxy === null) return { type: 'result', id, status, headers: checked, body };
  if (!isFields(proxy)) return invalidResult(id, body, 'proxy is no object');
  return { type: 'result', id, status, headers: checked, body, proxy };
}

/** Why these headers cannot be sent, or null. Counts lines, so that an array does not get round the maximum. */
function refuseHeaders(headers: Fields): string | null {
  let lines = 0;
  let total = 0;
  for (const name in headers) {
    if (!headerName.test(name) || name === '__proto__') return 'header name is no token';
    const value = headers[name];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    lines += values.length;
    if (lines > maxResultHeaders) return `more than ${maxResultHeaders} header lines`;
    for (const line of values) {
      if (typeof line !== 'string') return 'header value is no string';
      // One byte a character: the pattern below lets nothing above U+00FF through.
      const bytes = name.length + line.length;
      total += bytes;
      if (bytes > maxHeaderBytes) return `header line over ${maxHeaderBytes} bytes`;
      if (headerValueRefused.test(line)) return 'header value with a control or wide character';
    }
  }
  return total > maxHeadersTotalBytes ? `headers over ${maxHeadersTotalBytes} bytes` : null;
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

function invalidResult(id: number, body: WireBody, reason: string): InvalidResult {
  return { type: 'invalid_result', id, body, reason };
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
