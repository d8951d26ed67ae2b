// The one shape of every error that leaves the gateway: {"error","code","request_id"}.

import type { GatewayError } from '../errors.ts';

export function errorBody(error: GatewayError, requestId: string): string {
  return JSON.stringify({ error: error.message, code: error.code, request_id: requestId });
}
