// The `schema` block of one `fn.config.json`. A schema that cannot be used is a fault, and its function is not served: its
// author wanted input checked, so letting everything through would be the unsafe reading.

import { type Complain, isObject } from '../checked-document.ts';
import { type InputSchema, inputParts, readInputSchema } from './input-schema.ts';

export interface InputReading {
  /** null: the file says nothing of input. */
  readonly input: InputSchema | null;
  /** What callers are told; null when the schemas can be used. */
  readonly refused: string | null;
}

/** @param written the file as it is: a block of a wrong type must not count as absent */
export function readInput(written: Readonly<Record<string, unknown>>, complain: Complain): InputReading {
  const block = written['schema'];
  if (block === undefined) return { input: null, refused: null };
  const refused = 'the schema of this function cannot be used';
  // The file's own schema has said what is wrong.
  if (!isObject(block)) return { input: null, refused };
  const input: { -readonly [P in keyof InputSchema]: InputSchema[P] } = {};
  let bad = false;
  for (const part of inputParts) {
    const schema = block[part];
    if (schema === undefined) continue;
    const reading = readInputSchema(schema, part);
    if (reading.kind === 'bad') {
      complain(['schema', part, ...reading.path], reading.found, reading.accepted);
      bad = true;
    } else input[part] = schema as NonNullable<InputSchema[typeof part]>;
  }
  const isEmpty = Object.keys(input).length === 0;
  return { input: isEmpty ? null : Object.freeze(input), refused: bad ? refused : null };
}
