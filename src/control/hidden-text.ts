// A text that was shown with secrets taken out must not come back as it was shown: the secrets would be lost.

import { GatewayError } from '../errors.ts';
import { hiddenValue } from './function-env-edit.ts';
import type { ResponseBoundary } from './response-boundary.ts';

/**
 * @param text what is to be stored in the place of `before`
 * @throws GatewayError bad_request
 */
export function refuseHidden(text: string, before: Buffer | null, boundary: ResponseBoundary): void {
  if (before === null || !text.includes(hiddenValue)) return;
  const stored = before.toString('utf8');
  if (stored === boundary.shown(stored)) return;
  throw new GatewayError('bad_request', {
    text: `${hiddenValue} stands for a secret of this file: write the secret itself, or read it from the environment`,
  });
}
