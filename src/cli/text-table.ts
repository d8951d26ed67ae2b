// Lines up columns for a terminal.

/** File names come from the disk: one with an escape sequence in it must not write to the operator's terminal. */
export function plainText(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/** Columns are as wide as their widest cell; trailing blanks are cut; control characters are shown as `?`. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows].map((row) => row.map(plainText));
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}
