// The tables of a TOML document as pieces of text, without reading what is in them: enough to carry some of them over.

export interface TomlSection {
  /** As written between the brackets; '' for what stands before the first table. */
  readonly name: string;
  /** Header line and content. */
  readonly text: string;
}

const header = /^\s*\[{1,2}([^[\]]+)\]{1,2}\s*(?:#.*)?$/;

/** In the order of the document. Lines that look like headers inside lists and texts of several lines are none. */
export function tomlSections(document: string): TomlSection[] {
  const sections: { name: string; lines: string[] }[] = [{ name: '', lines: [] }];
  const place = new ValuePlace();
  for (const line of document.split('\n')) {
    const name = place.isOutside() ? header.exec(line)?.[1] : undefined;
    if (name === undefined) place.read(line);
    else sections.push({ name: name.replaceAll(/\s*\.\s*/g, '.').trim(), lines: [] });
    sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ name, lines }) => ({ name, text: lines.join('\n') }));
}

/** Whether a line begins inside a value: brackets that are open, a text of several lines (toml.io/en/v1.0.0). */
class ValuePlace {
  #open = 0;
  #quote = '';

  isOutside(): boolean {
    return this.#open === 0 && this.#quote === '';
  }

  read(line: string): void {
    let at = 0;
    while (at < line.length) at = this.#quote === '' ? this.#readPlain(line, at) : this.#readQuoted(line, at);
    // Only texts in three quotes go on in the next line.
    if (this.#quote.length === 1) this.#quote = '';
  }

  #readPlain(line: string, at: number): number {
    const char = line[at] ?? '';
    if (char === '#') return line.length;
    if (char === '[' || char === '{') this.#open += 1;
    if (char === ']' || char === '}') this.#open -= 1;
    if (char !== '"' && char !== "'") return at + 1;
    const triple = char.repeat(3);
    this.#quote = line.startsWith(triple, at) ? triple : char;
    return at + this.#quote.length;
  }

  #readQuoted(line: string, at: number): number {
    if (line[at] === '\\' && this.#quote.startsWith('"')) return at + 2;
    if (!line.startsWith(this.#quote, at)) return at + 1;
    const end = at + this.#quote.length;
    this.#quote = '';
    return end;
  }
}
