// What the operator says about the carrier of requests: its limits, and its certificate where it speaks TLS itself.

/** Same fields as the configuration's `http`. */
export interface EdgeLimits {
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxUriBytes: number;
  readonly maxQueryPairs: number;
  readonly maxConnections: number;
  readonly maxRequestsPerConnection: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxLoopDelayMs: number;
}

/** Absolute paths of a pair that fits. */
export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly http2: boolean;
}
