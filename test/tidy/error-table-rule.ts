// House rule: the error codes of the product and the table in its documentation are the same, both ways.
export interface DocumentedError {
  readonly code: string;
  readonly status: number;
}

/** Rows of the table whose head starts `| code |`: code in the first cell, status in the second. */
export function documentedErrors(markdown: string): DocumentedError[] {
  const lines = markdown.split('\n');
  const head = lines.findIndex((line) => /^\|\s*code\s*\|/.test(line));
  if (head < 0) return [];
  const rows: DocumentedError[] = [];
  for (const line of lines.slice(head + 2)) {
    const cells = /^\|\s*`?([a-z_]+)`?\s*\|\s*(\d{3})\b/.exec(line);
    if (cells === null) break;
    rows.push({ code: cells[1] ?? '', status: Number(cells[2]) });
  }
  return rows;
}

export function errorTableFaults(
  table: Readonly<Record<string, { readonly status: number }>>,
  documented: readonly DocumentedError[],
): string[] {
  const faults: string[] = [];
  for (const [code, { status }] of Object.entries(table)) {
    const row = documented.find((each) => each.code === code);
    if (row === undefined) faults.push(`${code} is not in the documented table of errors`);
    else if (row.status !== status) faults.push(`${code} is documented as ${row.status} but is ${status}`);
  }
  for (const { code } of documented) {
    if (!(code in table)) faults.push(`${code} is documented but does not exist`);
  }
  return faults;
}
