// What the endpoints take: a schema for every body and for every key of a query. A value that does not fit is 400 with the
// contract's text where it has one, else with one that names the field.

import type { BodyRule, JsonSchema } from './access-row.ts';
import { changeableFlags } from './control-flags.ts';

type Properties = Readonly<Record<string, JsonSchema>>;

const text = (maxLength: number): JsonSchema => ({
  type: 'string',
  maxLength,
  accepted: `one text of at most ${maxLength} characters`,
});

function object(properties: Properties, required: readonly string[] = []): JsonSchema {
  return { type: 'object', additionalProperties: false, properties, required };
}

export const queries = {
  health: { ready: text(16) },
  lines: { lines: { type: 'string', pattern: '^[1-9][0-9]{0,3}$', accepted: 'a number from 1 to 9999' } },
} as const satisfies Record<string, Properties>;

const smallBody = 131_072;

const credentialsMissing = 'username and password are required';
const flag = (name: string): JsonSchema => ({ type: 'boolean', refusal: `${name} must be boolean` });
/** Known, so that the refusal can say more than "unknown". */
const fixed = (name: string): JsonSchema => ({ not: {}, refusal: `${name} cannot be changed here` });

export const bodies = {
  login: {
    maxBytes: smallBody,
    schema: object(
      {
        username: { type: 'string', minLength: 1, maxLength: 200, refusal: credentialsMissing },
        password: { type: 'string', maxLength: 1024, refusal: credentialsMissing },
      },
      ['username', 'password'],
    ),
  },
  uiState: {
    maxBytes: smallBody,
    schema: object({
      ...Object.fromEntries(changeableFlags.map((name) => [name, flag(name)])),
      api_enabled: fixed('api_enabled'),
      admin_api_enabled: fixed('admin_api_enabled'),
    }),
  },
} as const satisfies Record<string, BodyRule>;
