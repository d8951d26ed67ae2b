// Writes an InvocationReply to the client. Promises Content-Length on every answer whose length is known, back-pressure
// on streams, no body for HEAD, and that a client which stops reading is cut off.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { InvocationReply } from '../invocation/invocation.ts';
import { compressReply, isCompressible } from './compression.ts';
import { endSession, resetStream, streamOf } from './tls/http2-request.ts';

/** A client that takes no byte of a stream for this long is cut off: nginx's send_timeout. */
const stalledClientMs = 60_000;
/** How long the rest of a refused body is read and thrown away, so that the client gets to see why. */
const lingerMs = 1000;
/** A body up to this length goes out in one piece with its head; node:http joins them only as texts, and Latin-1 is bytes. */
const joinedBytes = 16_384;
/** An unread body up to this length is simply read to its end: the connection stays usable. */
const drainableBytes = 65_536;

export interface ReplyContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly clock: Clock;
  /** The connection must not be used again: the gateway drains, or it has carried enough requests. */
  readonly closing: boolean;
  /** Told when the answer closes the connection, before it is written: what was sent behind it must not be run. */
  readonly onLast?: () => void;
}

export function sendReply(reply: InvocationReply, context: ReplyContext): void {
  // Of a stream that nobody will read there is nothing to encode.
  const isUnread = context.request.method === 'HEAD' && !isBuffered(reply.body);
  if (isUnread || !isCompressible(reply)) {
    write(reply, context);
    return;
  }
  compressReply(reply, context.request.headers['accept-encoding'] as string | undefined).then(
    (encoded) => write(encoded, context),
    () => context.response.destroy(),
  );
}

function write(reply: InvocationReply, context: ReplyContext): void {
  const { request, response } = context;
  const http2 = streamOf(response);
  if (http2 === null ? response.destroyed : http2.destroyed) {
    abandon(reply.body);
    return;
  }
  const unread = !request.complete && isLongUnread(request);
  const headers = headerLines(reply, context.requestId);
  if (http2 === null && (unread || context.closing)) {
    headers.push('connection', 'close');
    context.onLast?.();
  } else if (context.closing) endSession(response);
  const { body } = reply;
  const isHead = request.method === 'HEAD';
  if (isBuffered(body)) {
    if (hasLength(reply.status)) headers.push('content-length', lengthOf(body));
    response.writeHead(reply.status, headers);
    const content = isHead || body === null ? '' : body;
    if (unread) endAfterLinger(context, content);
    else if (http2 === null && Buffer.isBuffer(content) && content.length <= joinedBytes)
      response.end(content.toString('latin1'), 'latin1');
    else response.end(content);
    return;
  }
  if (typeof reply.bodyBytes === 'number') headers.push('content-length', String(reply.bodyBytes));
  response.writeHead(reply.status, headers);
  if (isHead) {
    abandon(body);
    response.end();
    return;
  }
  // The first piece may be long in coming; a reader of events wants to know that it is connected.
  response.flushHeaders();
  const measured = typeof reply.bodyBytes === 'number';
  stream(body, context).then(
    () => {
      if (unread && !request.complete) endAfterLinger(context, '');
      else response.end();
    },
    // Node holds small writes back until this turn's end, and would throw them away with the connection.
    () => setImmediate(() => cut(response, measured)),
  );
}

function isBuffered(body: InvocationReply['body']): body is string | Buffer | null {
  return body === null || typeof body === 'string' || Buffer.isBuffer(body);
}

/** RFC 9110 8.6: neither 204 nor an answer of our own to a condition has one. */
function hasLength(status: number): boolean {
  return status !== 204 && status !== 304;
}

function lengthOf(body: string | Buffer | null): string {
  if (body === null) return '0';
  return String(typeof body === 'string' ? Buffer.byteLength(body) : body.length);
}

/** Names and values in turn: node:http takes them without looking at each again. */
function headerLines(reply: InvocationReply, requestId: string): string[] {
  const lines: string[] = [];
  const { headers } = reply;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') lines.push(name, value);
    else for (const line of value ?? []) lines.push(name, line);
  }
  lines.push('x-request-id', requestId);
  return lines;
}

function isLongUnread(request: IncomingMessage): boolean {
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined) return true;
  return Number(headers['content-length'] ?? 0) > drainableBytes || headers.expect !== undefined;
}

/**
 * Closing a socket with unread bytes makes the kernel send a reset, and the client may lose the answer that tells it why.
 * So the answer goes out whole, what still comes is thrown away for a moment, and only then the connection ends.
 */
function endAfterLinger(context: ReplyContext, content: string | Buffer): void {
  const { request, response, clock } = context;
  if (content.length > 0) response.write(content);
  const end = (): void => {
    timer.cancel();
    response.end();
  };
  const timer = clock.after(lingerMs, end);
  request.once('end', end);
  request.once('close', end);
  request.resume();
}

/** Rejects when the body breaks off, or the client takes nothing more. */
async function stream(body: AsyncIterable<Buffer>, context: ReplyContext): Promise<void> {
  const { response } = context;
  for await (const chunk of body) {
    if (response.write(chunk)) continue;
    if (!(await drained(context))) throw new Error('cannot send: the client takes nothing more');
  }
}

/** The status is out: a cut connection is the only way left to say that the body is not whole. */
function cut(response: ServerResponse, measured: boolean): void {
  if (streamOf(response) !== null) {
    resetStream(response);
    return;
  }
  // To a client of HTTP/1.0 an orderly close is the end of the body: it must see a reset.
  if (measured || response.chunkedEncoding) response.destroy();
  else response.socket?.resetAndDestroy();
}

function drained(context: ReplyContext): Promise<boolean> {
  const { response, clock } = context;
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = (went: boolean): void => {
      timer.cancel();
      response.off('drain', onDrain);
      response.off('close', onClose);
      resolve(went);
    };
    const onDrain = (): void => settle(true);
    const onClose = (): void => settle(false);
    const timer = clock.after(stalledClientMs, onClose);
    response.on('drain', onDrain);
    response.on('close', onClose);
  });
}

function abandon(body: InvocationReply['body']): void {
  if (!isBuffered(body)) void body[Symbol.asyncIterator]().return?.();
}
