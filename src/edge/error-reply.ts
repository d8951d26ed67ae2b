// Every error that the edge sends: the JSON of the contract, with the id of the request. Also for what never became a
// request: malformed HTTP is answered on the bare socket.

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { GatewayError } from '../errors.ts';
import { errorBody } from '../invocation/error-body.ts';
import type { InvocationReply } from '../invocation/invocation.ts';
import { newRequestId } from '../invocation/request-id.ts';
import { waitingPage, wantsPage } from './waiting-page.ts';

/** After the answer to malformed HTTP the socket may stay this long for the client to read it. */
const lingerMs = 1000;

/** What node:http hands to `clientError`. */
export interface ParserFailure {
  readonly code?: string | undefined;
  /** A Buffer, whatever the types of Fastify say. */
  readonly rawPacket?: unknown;
}

/** An InvocationReply whose headers and body are single texts. */
export interface ErrorReply extends InvocationReply {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param accept the client's header: what is not built is told to browsers as a page */
export function errorReply(error: GatewayError, requestId: string, accept?: string): ErrorReply {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const name in error.headers) headers[name.toLowerCase()] = error.headers[name] ?? '';
  if (error.code === 'not_built' && wantsPage(accept)) {
    headers['content-type'] = 'text/html; charset=utf-8';
    return { status: error.status, headers, body: waitingPage(error, requestId), proxy: null };
  }
  return { status: error.status, headers, body: errorBody(error, requestId), proxy: null };
}

/** What llhttp and node:http report, in our words. */
function parserError(error: ParserFailure, maxUriBytes: number): GatewayError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError(
        isLongTarget(error.rawPacket, maxUriBytes) ? 'uri_too_long' : 'headers_too_large',
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new GatewayError('payload_too_large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request_timeout');
    default:
      return new GatewayError('bad_request');
  }
}

/** It begins with a request line that alone is over the limit. */
function isLongTarget(packet: unknown, maxUriBytes: number): boolean {
  if (!Buffer.isBuffer(packet) || !/^[A-Z-]+ /.test(packet.toString('latin1', 0, 24))) return false;
  const end = packet.indexOf(0x0a);
  return (end === -1 ? packet.length : end) > maxUriBytes;
}

export interface ParserFailureContext {
  readonly maxUriBytes: number;
  readonly clock: Clock;
  readonly onAnswered: (status: number) => void;
}

/**
 * Answers bytes that are no request. What is wrong with the request now in hand is answered at once; what came behind one that
 * is still being served has to wait for its turn, or it would be taken for that one's answer.
 */
export function answerParserFailure(
  error: ParserFailure,
  socket: Socket,
  context: ParserFailureContext,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const served = responseInFlight(socket);
  if (served?.req.complete === true) {
    // Behind `Connection: close` there is nothing to answer (RFC 9112 9.6).
    if (error.code === 'HPE_CLOSED_CONNECTION') return;
    served.once('finish', () => setImmediate(() => answerParserFailure(error, socket, context)));
    return;
  }
  const status = answerOnSocket(socket, parserError(error, context.maxUriBytes), context.clock);
  if (status !== null) context.onAnswered(status);
}

function responseInFlight(socket: Socket): ServerResponse | null {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? null;
}

/** Answers on the socket itself and closes it; returns the status, or null when nothing could be said any more. */
export function answerOnSocket(socket: Socket, error: GatewayError, clock: Clock): number | null {
  // An answer already under way would be corrupted by a second one.
  if (!socket.writable || responseInFlight(socket)?.headersSent === true) {
    socket.destroy();
    return null;
  }
  const requestId = newRequestId();
  const body = errorBody(error, requestId);
  const lines = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(error.headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const timer = clock.after(lingerMs, () => socket.destroy());
  socket.once('close', () => timer.cancel());
  return error.status;
}
