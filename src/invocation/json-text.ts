// JSON text of small values, for what is written once per invocation: most texts need no escape and most objects are empty,
// and finding that out costs a third of what JSON.stringify costs.

/** Visible ASCII but `"` and `\`. */
const plain = /^[ !#-[\]-~]*$/;

export function quote(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

export function objectText(value: Readonly<Record<string, unknown>>): string {
  for (const _name in value) return JSON.stringify(value);
  return '{}';
}
