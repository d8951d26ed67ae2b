// The refusal that is used most: the caller got something wrong, and the text says what.

import { GatewayError } from '../errors.ts';

/** @param text names the field, and what would be accepted */
export function badRequest(text: string): GatewayError {
  return new GatewayError('bad_request', { text });
}
