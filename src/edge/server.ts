// The HTTP server. Sets every limit on purpose, answers malformed HTTP, and hands each public request to the pipeline
// before Fastify looks at its path or body. The control plane registers its own routes on the same instance.

import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import { GatewayError, toGatewayError } from '../errors.ts';
import { requestIdFrom } from '../invocation/request-id.ts';
import { ClientAddresses } from './client-address.ts';
import type { EdgeOptions } from './edge-options.ts';
import { answerOnSocket, answerParserFailure, errorReply } from './error-reply.ts';
import { hasPlainCoding } from './host-check.ts';
import { Pipeline } from './pipeline.ts';
import { proxiedMark } from './proxy/outbound-headers.ts';
import { FunctionRateLimit } from './rate-limit.ts';
import { sendReply } from './reply.ts';
import { isControlTarget } from './request-target.ts';
import { isAnswer, serverOptions, Transport, type TransportOptions } from './transport.ts';

export interface Edge {
  /** Not yet listening; further routes (the control plane's) may be registered. */
  readonly app: FastifyInstance;
  /** Who asks, trusted proxies considered; the control plane's guards need it too. */
  readonly addresses: ClientAddresses;
  /** Ended by whoever made the edge. */
  readonly transport: Transport;
}

/** Where every public request is routed to: its real path is the pipeline's business. */
const publicRoute = '/';

export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const addresses = new ClientAddresses(options.trustedProxyCidrs);
  const carrier = { ...options, tls: options.tls ?? null };
  const app = createApp(options, addresses, carrier);
  const transport = new Transport(app.server, carrier);
  await app.register(rateLimit, { global: false });
  const limit = new FunctionRateLimit(app, (request) => addresses.ipOf(request.raw));
  const pipeline = new Pipeline(options, addresses, limit);
  app.addHook('onClose', () => pipeline.close());
  answerProtocolCorners(app, options, pipeline);
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  app.route({
    method: METHODS.filter((method) => method !== 'CONNECT'),
    url: publicRoute,
    exposeHeadRoute: false,
    // In a hook, so that Fastify never comes to reject a Content-Type or to parse a body.
    onRequest: (request, reply) => pipeline.handle(request, reply),
    handler: () => {},
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const failure = frameworkError(error);
    if (failure.code === 'internal')
      options.log.error({ id: request.id, err: error }, 'cannot answer request');
    const { status, headers, body } = errorReply(failure, request.id);
    return (
      reply
        .status(status)
        .headers({ ...headers, 'x-request-id': request.id })
        // As bytes: to a text Fastify would add a charset, which JSON has none of (RFC 8259 11).
        .send(Buffer.from(body))
    );
  });
  app.setNotFoundHandler(() => {
    throw new GatewayError('not_found');
  });
  return { app, addresses, transport };
}

function createApp(
  options: EdgeOptions,
  addresses: ClientAddresses,
  transport: TransportOptions,
): FastifyInstance {
  const { limits, clock, metrics } = options;
  return fastify({
    logger: false,
    genReqId: (request: IncomingMessage) => requestIdFrom(request.headers['x-request-id']),
    trustProxy: (address: string) => addresses.isTrusted(address),
    // The pipeline refuses while draining, with our words.
    return503OnClosing: false,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    rewriteUrl: (request) => (isForControl(request) ? (request.url ?? '') : publicRoute),
    clientErrorHandler: (error, socket) => {
      const onAnswered = (status: number) => metrics.requests.inc({ function: '', status });
      answerParserFailure(error, socket as Socket, { maxUriBytes: limits.maxUriBytes, clock, onAnswered });
    },
    ...serverOptions(transport),
  });
}

/** What a function has sent through an edge proxy, here or on another gateway, is the function's word and not the operator's. */
function isForControl(request: IncomingMessage): boolean {
  const { url = '', headers } = request;
  return isControlTarget(url) && headers[proxiedMark] === undefined && hasPlainCoding(request);
}

function answerProtocolCorners(app: FastifyInstance, options: EdgeOptions, pipeline: Pipeline): void {
  const { server } = app;
  // The body reader says `100 Continue` when, and only if, it wants the body.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (isForControl(request)) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const requestId = requestIdFrom(request.headers['x-request-id']);
    const reply = errorReply(new GatewayError('expectation_failed'), requestId);
    const onLast = () => pipeline.endConnection(request, response);
    sendReply(reply, { request, response, requestId, clock: options.clock, closing: true, onLast });
  });
  server.on('connect', (request: IncomingMessage, second: Socket | ServerResponse) => {
    const error = new GatewayError('method_not_allowed', { headers: { Allow: 'GET' } });
    if (!isAnswer(second)) {
      answerOnSocket(second, error, options.clock);
      return;
    }
    const requestId = requestIdFrom(request.headers['x-request-id']);
    const context = { request, response: second, requestId, clock: options.clock, closing: false };
    sendReply(errorReply(error, requestId), context);
  });
}

/** Fastify's own refusals (on the control plane's routes) in our terms. */
function frameworkError(error: FastifyError): GatewayError {
  if (error instanceof GatewayError) return error;
  const { statusCode } = error;
  if (statusCode === 413) return new GatewayError('payload_too_large', { cause: error });
  if (statusCode === 404) return new GatewayError('not_found', { cause: error });
  if (statusCode !== undefined && statusCode < 500) return new GatewayError('bad_request', { cause: error });
  return toGatewayError(error);
}
