// The trace of one HTTP request: a span from its head to its last byte, or only what the client has sent.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { passOn, type RequestTrace, type Tracing } from '../tracing/tracing.ts';
import type { ClientAddresses } from './client-address.ts';

export interface TracedExchange {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly addresses: ClientAddresses;
}

/** Log-only status of a client that has gone. */
const clientClosed = 499;

/** @param tracing absent: nothing is traced */
export function requestTrace(tracing: Tracing | undefined, exchange: TracedExchange): RequestTrace | null {
  const { id, request, response, addresses } = exchange;
  if (tracing === undefined) return passOn(request.headers);
  const { method = '', headers, httpVersion } = request;
  const { proto } = addresses.forwardedOf(request) ?? { proto: null };
  const trace = tracing.receive({
    ...{ requestId: id, method, headers, httpVersion },
    scheme: proto ?? ('encrypted' in request.socket ? 'https' : 'http'),
    clientIp: addresses.ipOf(request),
  });
  response.once('close', () => trace.ended(response.writableFinished ? response.statusCode : clientClosed));
  return trace;
}
