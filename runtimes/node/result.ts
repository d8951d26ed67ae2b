// What a handler returned -> one answer: status, headers, body (contract/invocation.md 9.1). Throws an Error with the
// contract's text when it is no answer. How the body travels is left to answer-sender.ts.

import { toJson } from './builtins.ts';
import { toCsv } from './csv.ts';
import { contentType, headerLines, noHeaders } from './headers.ts';
import type { HeaderLines, ResultHead } from './message.ts';
import { isPieceSource, type PieceSource } from './pieces.ts';

export interface Answer {
  readonly head: ResultHead;
  /** Pieces still to come are strings or bytes; the first of them says the type where the head does not. */
  readonly body: string | Buffer | PieceSource;
}

/** A body in a coding that it is not in. Told apart, because it is the answer that is bad and not the call. */
export class UndecodableBody extends Error {}

type Fields = Readonly<Record<string, unknown>>;

const jsonType: HeaderLines = [['content-type', 'application/json']];
const bytesType: HeaderLines = [['content-type', 'application/octet-stream']];
const plainType: HeaderLines = [['content-type', 'text/plain; charset=utf-8']];
const htmlType: HeaderLines = [['content-type', 'text/html; charset=utf-8']];

const statusKeys = ['status', 'statusCode'];
const contentKeys = ['headers', 'body', 'is_base64', 'isBase64Encoded', 'body_base64', 'proxy'];

/** @throws Error for an envelope with a bad part, and whatever JSON.stringify throws. */
export function toAnswer(value: unknown): Answer {
  if (value === null || value === undefined || value === '') return answer(200, noHeaders, '');
  if (typeof value === 'string') return answer(200, looksLikeHtml(value) ? htmlType : plainType, value);
  if (typeof value !== 'object') return answer(200, plainType, String(value));
  if (Array.isArray(value)) return answer(200, jsonType, jsonText(value));
  const bytes = toBytes(value);
  if (bytes !== null) return answer(200, bytesType, bytes);
  if (isResponse(value)) return fromResponse(value);
  if (isPieceSource(value)) return answer(200, noHeaders, value);
  const fields = value as Fields;
  return isEnvelope(fields) ? fromEnvelope(fields) : answer(200, jsonType, jsonText(fields));
}

/** Bytes of a binary value without copying them, or null. */
export function toBytes(value: unknown): Buffer | null {
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? Buffer.from(value) : null;
}

function answer(
  status: number,
  headers: HeaderLines,
  body: Answer['body'],
  proxy: string | null = null,
): Answer {
  return { head: { status, headers, proxy }, body };
}

function looksLikeHtml(text: string): boolean {
  return /^\s*<(?:!doctype html|html)|<body|<\/html>/i.test(text);
}

function jsonText(value: object): string {
  // undefined comes of a toJSON that returns nothing.
  return toJson(value) ?? 'null';
}

/** By shape, not by class: the global Response costs 30 ms to load, and a handler may bring its own. */
function isResponse(value: object): value is Response {
  if (Object.getPrototypeOf(value) === Object.prototype) return false;
  const { status, headers, arrayBuffer } = value as Partial<Response>;
  return (
    typeof status === 'number' &&
    typeof arrayBuffer === 'function' &&
    typeof headers?.getSetCookie === 'function'
  );
}

function fromResponse(response: Response): Answer {
  if (response.bodyUsed) throw new Error('cannot send a Response whose body was already read');
  // Response.error() has status 0.
  return answer(httpStatus(response.status), headerLines(response.headers), response.body ?? '');
}

/**
 * An object with one of the envelope's keys is an answer. `status` or `statusCode` alone only makes one when it is an
 * HTTP status, or when there is nothing else that it could be the status of: `{status: "active"}` and
 * `{status: 1, name: "x"}` are data, `{status: 600}` is a mistake.
 */
function isEnvelope(value: Fields): boolean {
  if (contentKeys.some((key) => Object.hasOwn(value, key))) return true;
  if (!statusKeys.some((key) => Object.hasOwn(value, key))) return false;
  const status = Number(numericStatus(value));
  if (isHttpStatus(status)) return true;
  return !Number.isNaN(status) && Object.keys(value).every((key) => statusKeys.includes(key));
}

/** The status a handler wrote; NaN when it is neither a number nor the text of one. */
function numericStatus(value: Fields): number {
  const status = value.status ?? value.statusCode;
  if (typeof status === 'number') return status;
  return typeof status === 'string' && status.trim() !== '' ? Number(status) : Number.NaN;
}

function fromEnvelope(value: Fields): Answer {
  const absent = value.status === undefined && value.statusCode === undefined;
  const status = absent ? 200 : httpStatus(numericStatus(value));
  const headers = headerLines(value.headers);
  const proxy = isPlainObject(value.proxy) ? jsonText(value.proxy) : null;
  const encoded = base64Body(value);
  if (encoded !== null) return answer(status, headers, encoded, proxy);
  return withBody(status, headers, value.body, proxy);
}

function withBody(status: number, headers: HeaderLines, body: unknown, proxy: string | null): Answer {
  if (body === null || body === undefined) return answer(status, headers, '', proxy);
  if (typeof body !== 'object') return answer(status, headers, String(body), proxy);
  const bytes = toBytes(body);
  if (bytes !== null) return answer(status, withDefault(headers, bytesType), bytes, proxy);
  if (isPieceSource(body)) return answer(status, headers, body, proxy);
  const text = contentType(headers).includes('text/csv') ? toCsv(body) : jsonText(body);
  return answer(status, withDefault(headers, jsonType), text, proxy);
}

/** A stream whose handler did not say of which type it is shows it by its first piece. */
export function withPieceType(head: ResultHead, firstPiece: unknown): ResultHead {
  const type = typeof firstPiece === 'string' ? plainType : bytesType;
  return { ...head, headers: withDefault(head.headers, type) };
}

function withDefault(headers: HeaderLines, type: HeaderLines): HeaderLines {
  return contentType(headers) === '' ? [...headers, ...type] : headers;
}

/** The decoded body when the envelope says that it is base64, else null. */
function base64Body(value: Fields): Buffer | null {
  const flagged = value.is_base64 === true;
  const lambda = value.is_base64 === undefined && value.isBase64Encoded === true;
  if (!flagged && !lambda) return null;
  const content = value.body_base64 ?? (lambda ? value.body : undefined);
  const bytes = toBytes(content);
  if (bytes !== null) return bytes;
  if (typeof content !== 'string')
    throw new Error('body_base64 must be a non-empty string when is_base64=true');
  if (!/^[A-Za-z0-9+/_\-\s]*={0,2}\s*$/.test(content)) throw new UndecodableBody('invalid body_base64');
  return Buffer.from(content, 'base64');
}

function httpStatus(status: number): number {
  if (!isHttpStatus(status)) throw new Error('status must be a valid HTTP code');
  return status;
}

function isHttpStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 100 && status <= 599;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && toBytes(value) === null;
}
