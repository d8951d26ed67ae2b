// The messages a worker sends, written as JSON text. Put together from strings and numbers only, because
// JSON.stringify of an object asks its prototype for toJSON, which user code may have planted.

import { toJson } from './builtins.ts';
import { inlineBodyBytes, maxErrorTextBytes } from './limits.ts';
import { isWithin, truncate } from './text.ts';

/** Names as the handler wrote them; an array is one header line per element. */
export type HeaderLines = readonly (readonly [name: string, value: string | readonly string[]])[];

export interface ResultHead {
  readonly status: number;
  readonly headers: HeaderLines;
  /** JSON text of the edge passthrough directive. */
  readonly proxy: string | null;
}

function quote(text: string): string {
  return toJson(text) ?? '""';
}

/**
 * A result that is not an answer frame, with its body in it: for directives, which those have no place for, and headers
 * too long as JSON. `text` must be within `inlineBodyBytes`.
 */
export function resultWithText(id: number, head: ResultHead, text: string): string {
  return result(id, head, text === '' ? '{"kind":"none"}' : `{"kind":"text","text":${quote(text)}}`);
}

/** A result that is followed by chunks. */
export function resultWithStream(id: number, head: ResultHead, bytes: number | null): string {
  return result(id, head, `{"kind":"stream","bytes":${bytes}}`);
}

/** The header block of an answer frame. */
export function headerBlock(headers: HeaderLines): string {
  return `{${headerText(headers)}}`;
}

export function fitsInline(text: string): boolean {
  return isWithin(text, inlineBodyBytes);
}

export function ready(concurrency: number, version: string): string {
  return `{"type":"ready","concurrency":${concurrency},"runtime_version":${quote(version)}}`;
}

export function loadFailed(error: string, detail: string): string {
  return `{"type":"load_failed",${failure(error, detail)}}`;
}

export function invocationError(id: number, error: string, detail: string, undecodable: boolean): string {
  return `{"type":"error","id":${id},${failure(error, detail)}${undecodable ? ',"undecodable":true' : ''}}`;
}

export function log(id: number, stream: 'stdout' | 'stderr', text: string): string {
  return `{"type":"log","id":${id},"stream":"${stream}","text":${quote(text)}}`;
}

export function credit(id: number, bytes: number): string {
  return `{"type":"credit","id":${id},"bytes":${bytes}}`;
}

export function pong(n: number): string {
  return `{"type":"pong","n":${n}}`;
}

function result(id: number, head: ResultHead, body: string): string {
  const proxy = head.proxy === null ? '' : `,"proxy":${head.proxy}`;
  return `{"type":"result","id":${id},"status":${head.status},"headers":{${headerText(head.headers)}},"body":${body}${proxy}}`;
}

function headerText(headers: HeaderLines): string {
  let text = '';
  for (let index = 0; index < headers.length; index += 1) {
    const line = headers[index];
    if (line === undefined) continue;
    text += `${index === 0 ? '' : ','}${quote(line[0])}:${valueText(line[1])}`;
  }
  return text;
}

function valueText(value: string | readonly string[]): string {
  if (typeof value === 'string') return quote(value);
  let text = '';
  for (let index = 0; index < value.length; index += 1)
    text += `${index === 0 ? '' : ','}${quote(value[index] ?? '')}`;
  return `[${text}]`;
}

function failure(error: string, detail: string): string {
  return `"error":${quote(truncate(error, maxErrorTextBytes))},"detail":${quote(truncate(detail, maxErrorTextBytes))}`;
}
