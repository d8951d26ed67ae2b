// Requirements that a handler names in a comment of its first lines. Source: contract/dependencies.md 2.1.

/** Lines of the handler that are looked at. */
const lookedAt = 30;

const hintLine = /^ *#@?requirements\b(.*)$/;

/**
 * The requirements of the first line that has them: split at commas and spaces, `a>=1,<2` kept together.
 * @returns empty where no line of the first 30 is one
 */
export function inlineHints(source: string): string[] {
  for (const line of source.split(/\r?\n/, lookedAt)) {
    const found = hintLine.exec(line);
    if (found !== null) return joinVersions(found[1] ?? '');
  }
  return [];
}

/** A part that begins with a comparison belongs to the requirement before it. */
function joinVersions(text: string): string[] {
  const specs: string[] = [];
  for (const part of text.split(/[,\s]+/).filter((piece) => piece !== '' && piece !== ':')) {
    const last = specs.pop();
    if (last === undefined) specs.push(part);
    else if (/^[<>=!~]/.test(part))
      specs.push(/[\w.*\]]$/.test(last) && /[<>=!~]/.test(last) ? `${last},${part}` : last + part);
    else if (/[<>=!~]$/.test(last)) specs.push(last + part);
    else specs.push(last, part);
  }
  return specs;
}
