// What went wrong on the way to an upstream, as the contract's short code (edge-proxy.md 6). Addresses and resolver texts
// stay in the cause.

import { GatewayError } from '../../errors.ts';
import { PrivateAddressError } from './guarded-lookup.ts';
import { type ProxyReason, proxyRefusal } from './proxy-refusal.ts';

/** How far a call had come. */
export type CallPhase = 'connecting' | 'sending' | 'receiving';

const tlsCodes =
  /^(?:ERR_TLS|ERR_SSL|CERT_|CRL_|UNABLE_TO_|EPROTO$|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|HOSTNAME_MISMATCH)/;

export function upstreamFailure(error: unknown, phase: CallPhase): GatewayError {
  if (error instanceof GatewayError) return error;
  return proxyRefusal(reasonOf(error, phase), error);
}

function reasonOf(error: unknown, phase: CallPhase): ProxyReason {
  if (error instanceof PrivateAddressError) return 'proxy denied: private host not allowed';
  const code = codeOf(error);
  if (phase === 'connecting') {
    return isTls(error, code) ? 'proxy request failed: tls_error' : 'proxy request failed: connect_error';
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'proxy request failed: response_too_large';
  if (error instanceof Error && error.name === 'HTTPParserError') return parserReason(error.message);
  return phase === 'sending' ? 'proxy request failed: send_error' : 'proxy request failed: receive_error';
}

/** llhttp's texts; its codes do not come through undici. */
function parserReason(message: string): ProxyReason {
  if (message.includes('chunk size')) return 'proxy request failed: invalid_chunk_size';
  const isHead = /status code|HTTP version|Expected HTTP\//.test(message);
  return isHead ? 'proxy request failed: invalid_status_line' : 'proxy request failed: receive_error';
}

function isTls(error: unknown, code: string): boolean {
  // A server that hangs up during the handshake has no code of its own.
  return tlsCodes.test(code) || (error instanceof Error && error.message.includes('secure TLS connection'));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
