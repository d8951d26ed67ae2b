// Freezes a value and all it holds, so that a configuration cannot change under those who were given it.

/** Returns `value`, frozen to the leaves. Maps become read-only by losing their changing methods. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    for (const inner of value.values()) deepFreeze(inner);
    for (const method of ['set', 'delete', 'clear'] as const) {
      Object.defineProperty(value, method, { value: refuse });
    }
    return Object.freeze(value);
  }
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

function refuse(): never {
  throw new TypeError('cannot change a frozen configuration');
}
