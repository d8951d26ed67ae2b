// One HTTP request as an invocation request.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FunctionUnit } from '../discovery/catalog.ts';
import type { EventHeaders } from '../invocation/event-headers.ts';
import type {
  ArrivingBody,
  CancelSignal,
  ForwardedOrigin,
  InvocationRequest,
  Passthrough,
  PassthroughOrder,
} from '../invocation/invocation.ts';
import type { RequestTrace } from '../tracing/tracing.ts';
import { hasBody, readBody } from './body-reader.ts';
import type { ReadHeaders } from './header-memory.ts';
import { IncomingBody } from './incoming-body.ts';
import type { EdgeProxy } from './proxy/edge-proxy.ts';

interface EdgeRequestFields {
  readonly id: string;
  readonly unit: FunctionUnit;
  readonly path: string;
  readonly rawPath: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: ReadHeaders;
  readonly clientIp: string;
  readonly forwarded: ForwardedOrigin | null;
  readonly trace: RequestTrace | null;
  readonly signal: CancelSignal;
  readonly maxBodyBytes: number;
  readonly proxy: EdgeProxy;
}

export class EdgeRequest implements InvocationRequest {
  readonly id: string;
  readonly unit: FunctionUnit;
  readonly method: string;
  readonly path: string;
  readonly rawPath: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: EventHeaders;
  readonly clientIp: string;
  readonly forwarded: ForwardedOrigin | null;
  readonly trace: RequestTrace | null;
  readonly signal: CancelSignal;
  readonly #readHeaders: ReadHeaders;
  readonly #maxBodyBytes: number;
  readonly #proxy: EdgeProxy;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #body: Promise<Buffer | null> | null = null;

  constructor(request: IncomingMessage, response: ServerResponse, fields: EdgeRequestFields) {
    this.id = fields.id;
    this.unit = fields.unit;
    this.method = request.method ?? 'GET';
    this.path = fields.path;
    this.rawPath = fields.rawPath;
    this.query = fields.query;
    this.params = fields.params;
    this.headers = fields.headers.headers;
    this.#readHeaders = fields.headers;
    this.clientIp = fields.clientIp;
    this.forwarded = fields.forwarded;
    this.trace = fields.trace;
    this.signal = fields.signal;
    this.#maxBodyBytes = fields.maxBodyBytes;
    this.#proxy = fields.proxy;
    this.#request = request;
    this.#response = response;
  }

  /** Only for a request that reaches its handler. */
  get headersJson(): string {
    return this.#readHeaders.json;
  }

  /** Read once; asked again it gives the same. */
  readBody(): Promise<Buffer | null> | null {
    this.#body ??= readBody(this.#request, this.#response, this.#maxBodyBytes);
    return this.#body;
  }

  streamBody(): ArrivingBody | null {
    const request = this.#request;
    return hasBody(request) ? new IncomingBody(request, this.#response, this.#maxBodyBytes) : null;
  }

  passThrough(order: PassthroughOrder): Passthrough {
    const { id, unit, method, signal } = this;
    return this.#proxy.pass({ ...order, id, method, signal, functionKey: unit.key, policy: unit.policy });
  }
}
