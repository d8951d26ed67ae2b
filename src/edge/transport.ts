// What carries requests to Fastify: plain HTTP/1.1 behind a proxy, or our own TLS with HTTP/1.1 and HTTP/2. Every limit of the
// server is set on purpose, here and in tls/secure-server.ts.

import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { FastifyServerOptions } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { CertificateWatch, loadCertificate } from './tls/certificate-watch.ts';
import { adoptHttp2 } from './tls/http2-request.ts';
import { limitHttp1, secureOptions } from './tls/secure-server.ts';
import type { EdgeLimits, TlsSettings } from './transport-settings.ts';

export interface TransportOptions {
  readonly limits: EdgeLimits;
  /** null: plain HTTP. */
  readonly tls: TlsSettings | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often node:http looks for connections past their header or request timeout, ms. */
const timeoutCheckMs = 1000;

function httpOptions(limits: EdgeLimits): ServerOptions {
  return {
    // node:http counts the request line in; a long one alone must end as 414, not as 431.
    maxHeaderSize: limits.maxHeaderBytes + limits.maxUriBytes,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    // Checked by the pipeline, whose answer is JSON.
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  };
}

/**
 * The part of Fastify's options that says which server it makes; they are the same to everything else here.
 * @throws Error of the system or of OpenSSL for a certificate that cannot be used
 */
export function serverOptions({ limits, tls }: TransportOptions): FastifyServerOptions {
  if (tls === null) return { http: httpOptions(limits) } as FastifyServerOptions;
  const certificate = loadCertificate(tls);
  const secure = tls.http2
    ? {
        http2: true,
        http2SessionTimeout: limits.keepAliveTimeoutMs,
        https: secureOptions(certificate, limits),
      }
    : {
        https: {
          ...certificate,
          minVersion: 'TLSv1.2',
          handshakeTimeout: limits.headersTimeoutMs,
          ...httpOptions(limits),
        },
      };
  return secure as FastifyServerOptions;
}

/** The server of an edge: owns the renewal of its certificate and knows its connections. */
export class Transport {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watch: CertificateWatch | null;

  constructor(server: Server, { limits, tls, clock, log }: TransportOptions) {
    this.#server = server;
    server.maxConnections = limits.maxConnections;
    this.#watch = tls === null ? null : this.#renewing(tls, clock, log);
    if (tls?.http2 !== true) return;
    limitHttp1(server, limits);
    server.on('secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // Before Fastify looks at it.
    server.prependListener('request', (request: IncomingMessage | Http2ServerRequest) => {
      if ('stream' in request) adoptHttp2(request, clock, limits.requestTimeoutMs);
    });
  }

  get scheme(): 'http' | 'https' {
    return this.#watch === null ? 'http' : 'https';
  }

  /** Cuts every connection, whatever is under way on it. */
  cut(): void {
    // node's server of both protocols lacks it.
    if (typeof this.#server.closeAllConnections === 'function') this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#watch?.close();
  }

  #renewing(files: TlsSettings, clock: Clock, log: Log): CertificateWatch {
    const server = this.#server as unknown as Http2SecureServer;
    return new CertificateWatch({
      files,
      clock,
      log,
      install: (certificate) => server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
    });
  }
}

/** RFC 9110 9.3.6: CONNECT asks for a tunnel, and there is none. Its second argument is a socket on HTTP/1.1 alone. */
export function isAnswer(second: Socket | ServerResponse): second is ServerResponse {
  return 'stream' in second;
}
