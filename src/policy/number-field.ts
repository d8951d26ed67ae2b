// Numbers as config files hold them: JSON numbers or the same as text (`"1500"`), whole, within bounds.

export interface NumberBounds {
  /** Smallest value accepted; below it the field counts as not set. */
  readonly min: number;
  /** Largest value; above it the value is lowered to this. */
  readonly max: number;
}

export type NumberField =
  | { readonly kind: 'ok'; readonly value: number }
  | { readonly kind: 'lowered'; readonly value: number }
  | { readonly kind: 'bad' };

/** Fractions are floored. Never throws. */
export function parseNumberField(raw: unknown, bounds: NumberBounds): NumberField {
  const number = Math.floor(toNumber(raw));
  if (!Number.isFinite(number) || number < bounds.min) return { kind: 'bad' };
  return number > bounds.max ? { kind: 'lowered', value: bounds.max } : { kind: 'ok', value: number };
}

function toNumber(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && /^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(raw) ? Number(raw) : Number.NaN;
}
