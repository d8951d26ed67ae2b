// Holds a fastfn.json (under its options' own keys) to the published schema, with Ajv (https://ajv.js.org).

import { Ajv } from 'ajv';
import schema from './schema/fastfn.schema.json' with { type: 'json' };

export interface TypeFault {
  /** Top-level key. */
  readonly key: string;
  /** JSON pointer below that key; '' for the value itself. */
  readonly pointer: string;
  readonly value: unknown;
}

const validate = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true }).compile(schema);

/** One fault per top-level key: alternatives of a type each report their own failure, which tells people nothing. */
export function findTypeFaults(document: Readonly<Record<string, unknown>>): readonly TypeFault[] {
  if (validate(document)) return [];
  const faults = new Map<string, TypeFault>();
  for (const error of validate.errors ?? []) {
    const [, segment = '', ...rest] = error.instancePath.split('/');
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    if (key === '' || faults.has(key)) continue;
    faults.set(key, { key, pointer: rest.map((part) => `/${part}`).join(''), value: error.data });
  }
  return [...faults.values()];
}
