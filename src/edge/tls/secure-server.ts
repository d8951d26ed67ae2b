// Options of the server where the gateway speaks TLS itself: what HTTP/1.1 and HTTP/2 clients may cost, set on purpose.

import type { Server } from 'node:http';
import type { SecureServerOptions } from 'node:http2';
import type { EdgeLimits } from '../transport-settings.ts';
import type { Certificate } from './certificate-watch.ts';

/** Requests under way at once on one connection; RFC 9113 6.5.2 advises no fewer than 100. */
const maxStreams = 128;
/** Header fields of one request; more than any browser sends. */
const maxHeaderFields = 128;
/** Frames that make no sense before the connection ends: node's own default allows a thousand. */
const maxInvalidFrames = 100;
/** Streams that a client may open and reset at once, and then each second (rapid reset, CVE-2023-44487). */
const resetBurst = 200;
const resetsPerSecond = 33;
/** Memory that one connection may make us hold, MB. */
const sessionMemoryMb = 10;

export function secureOptions(certificate: Certificate, limits: EdgeLimits): SecureServerOptions {
  return {
    ...certificate,
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.headersTimeoutMs,
    allowHTTP1: true,
    maxHeaderListPairs: maxHeaderFields,
    maxSessionInvalidFrames: maxInvalidFrames,
    maxSessionRejectedStreams: maxInvalidFrames,
    maxSessionMemory: sessionMemoryMb,
    streamResetBurst: resetBurst,
    streamResetRate: resetsPerSecond,
    settings: {
      enablePush: false,
      maxConcurrentStreams: maxStreams,
      maxHeaderListSize: limits.maxHeaderBytes + limits.maxUriBytes,
    },
  };
}

/** HTTP/1.1 beside HTTP/2 has no options of its own: node reads these from the server. */
export function limitHttp1(server: Server, limits: EdgeLimits): void {
  server.headersTimeout = Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs);
  server.requestTimeout = limits.requestTimeoutMs;
  server.keepAliveTimeout = limits.keepAliveTimeoutMs;
  Object.assign(server, { maxHeaderSize: limits.maxHeaderBytes + limits.maxUriBytes });
}
