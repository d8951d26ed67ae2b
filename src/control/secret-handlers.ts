// `/_fn/secrets`: names, versions and times of the operator's secrets; setting and deleting them. No answer holds a value
// (contract/control-plane.md 7.3).

import { GatewayError } from '../errors.ts';
import { SecretFault } from '../secrets/secret-store.ts';
import type { ControlHandler } from './access-row.ts';
import type { HandlerParts } from './handler-parts.ts';

/** Shorter values are not masked: they stand in too many texts that are none of theirs. */
const minMaskedLength = 4;

export function secretHandlers({ deps }: HandlerParts) {
  const { secrets } = deps;
  return {
    'list secrets': () => {
      const users = usersOf(deps.catalog().functions.values());
      return secrets.list().map(({ name, version, created, updated, keyId, readable }) => ({
        key: name,
        version,
        created: created / 1000,
        updated: updated / 1000,
        key_id: keyId,
        ...(readable ? {} : { readable: false }),
        used_by: users.get(name) ?? [],
      }));
    },
    'set secret': async ({ body, reply }) => {
      const { key, value } = body as { readonly key: string; readonly value: string };
      const status = await refused(() => secrets.set(key, value));
      if (status === 'created') reply.status(201);
      const isShort = value.length < minMaskedLength;
      return { status, key, ...(isShort ? { warning: 'too short to be masked in logs and answers' } : {}) };
    },
    'delete secret': async ({ query }) => {
      const { key = '' } = query;
      if (key === '') throw new GatewayError('bad_request', { text: 'missing key parameter' });
      if (!(await refused(() => secrets.remove(key))))
        throw new GatewayError('not_found', { text: 'secret not found' });
      return { status: 'deleted', key };
    },
  } satisfies Record<string, ControlHandler>;
}

/** What the caller got wrong is 400; a store that cannot be used is the operator's to see in the log. */
async function refused<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof SecretFault)
      throw new GatewayError('bad_request', { text: error.message, cause: error });
    throw error;
  }
}

/** Of functions that name a secret in their config. */
function usersOf(
  units: Iterable<{ readonly key: string; readonly secrets?: readonly string[] }>,
): ReadonlyMap<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { key, secrets = [] } of units) {
    for (const name of secrets) users.set(name, [...(users.get(name) ?? []), key]);
  }
  return users;
}
