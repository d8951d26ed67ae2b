// Why a `proxy` directive is not followed, in the contract's words (edge-proxy.md 6). What leaks nothing goes to the client;
// resolver and socket texts stay with the cause, for the log.

import { GatewayError } from '../../errors.ts';

export type ProxyReason =
  | 'proxy.url must be absolute (http/https) or proxy.path must start with /'
  | 'proxy.path may not include ..'
  | 'edge.base_url is required for relative proxy paths'
  | 'proxy denied: invalid url'
  | 'proxy denied: control-plane path not allowed'
  | 'proxy denied: private host not allowed'
  | 'proxy denied: host not in allowlist'
  | 'proxy denied: port not allowed'
  | 'invalid proxy method'
  | 'proxy.headers must be an object of at most 100 lines and 32768 bytes'
  | 'proxy.body must be text; encode objects as JSON'
  | 'proxy.body_from must be "result"'
  | 'proxy.body is larger than edge.max_request_bytes'
  | 'proxy.body_base64 must be a non-empty string when proxy.is_base64=true'
  | 'invalid proxy.body_base64'
  | 'proxy request failed: connect_error'
  | 'proxy request failed: tls_error'
  | 'proxy request failed: send_error'
  | 'proxy request failed: receive_error'
  | 'proxy request failed: invalid_status_line'
  | 'proxy request failed: invalid_chunk_size'
  | 'proxy request failed: response_too_large'
  | 'timeout';

export function proxyRefusal(reason: ProxyReason, cause?: unknown): GatewayError {
  return new GatewayError('edge_proxy_failed', {
    text: `edge proxy failed: ${reason}`,
    // Nobody is at fault for an upstream's slowness but the upstream: RFC 9110 15.6.5.
    ...(reason === 'timeout' ? { status: 504 } : {}),
    ...(cause === undefined ? {} : { cause }),
  });
}

export function proxyDisabled(): GatewayError {
  return new GatewayError('edge_proxy_failed', { text: 'edge proxy disabled for this function' });
}
