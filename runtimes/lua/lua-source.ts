// A JSON-like value as a Lua expression: what is the same in every event is built by Lua code that was compiled once, several
// times faster than by one call of the C interface for each of its fields.

/** The name that the expression calls for an empty list: a table alone would not know that it is one. */
export const emptyListName = 'list';

/** Null fields and items are nil. */
export function luaSource(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return numberSource(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return 'nil';
  if (Array.isArray(value))
    return value.length === 0 ? `${emptyListName}()` : `{${value.map(luaSource).join(',')}}`;
  return `{${fieldSources(value).join(',')}}`;
}

/** One `[name]=value` for each field that is not null. */
export function fieldSources(value: object): string[] {
  return Object.entries(value)
    .filter(([, field]) => field !== null && field !== undefined)
    .map(([name, field]) => `[${quoted(name)}]=${luaSource(field)}`);
}

/** Every byte by its number: there is nothing in the text that could end it. */
function quoted(text: string): string {
  let source = '';
  for (const byte of Buffer.from(text)) source += `\\${String(byte).padStart(3, '0')}`;
  return `"${source}"`;
}

function numberSource(value: number): string {
  if (Number.isSafeInteger(value)) return `(${value})`;
  // Shortest decimal that reads back as the same double; JSON has no other numbers.
  const text = String(value);
  return `(${/^-?\d+$/.test(text) ? `${text}.0` : text})`;
}
