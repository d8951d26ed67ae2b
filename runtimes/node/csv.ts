// Rows as CSV text for results with `Content-Type: text/csv` (contract/invocation.md 9.1).

/** Arrays of arrays are rows; objects give a header row from the first one's keys; other items are one cell a line. */
export function toCsv(value: object): string {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const first = items[0];
  if (!isRecord(first)) return items.map((item) => csvLine(Array.isArray(item) ? item : [item])).join('\n');
  const names = Object.keys(first);
  if (names.length === 0) return '';
  const rows = items.map((item) => names.map((name) => (isRecord(item) ? item[name] : undefined)));
  return [names, ...rows].map(csvLine).join('\n');
}

function csvLine(cells: readonly unknown[]): string {
  return cells.map(csvCell).join(',');
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
