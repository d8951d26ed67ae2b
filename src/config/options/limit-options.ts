// The operator's maxima for what functions may ask for in `limits`, one option for each field of the table in
// policy/limit-fields.ts.

import { type LimitField, type LimitName, limitFields } from '../../policy/limit-fields.ts';
import type { Option } from '../option.ts';
import { readInteger } from '../option-readers.ts';

function maximumOption({ key, min, ceiling, maximum }: LimitField): Option<number | null> {
  return {
    doc: `Largest limits.${key} of a function; one that asks for nothing gets no more either.`,
    accepted: `an integer from ${min} to ${ceiling}`,
    env: `FN_SANDBOX_MAX_${key.toUpperCase()}`,
    key: `sandbox-max-${key.replaceAll('_', '-')}`,
    fallback: maximum,
    read: readInteger({ min, max: ceiling }),
  };
}

/** By limit; values are in the unit of the key. */
export const limitOptions = Object.fromEntries(
  limitFields.map((field) => [field.name, maximumOption(field)]),
) as unknown as { readonly [K in LimitName]: Option<number | null> };
