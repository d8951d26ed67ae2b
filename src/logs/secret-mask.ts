// Takes values of secrets out of log lines on their way out, whoever logged them and for whatever function. A second net
// below the masks of single functions: long values only, as it meets every line.

/** Shorter ones stand in texts that have nothing to do with them. */
const minLength = 8;
/** Of all that were ever in use: a worker that is on its way out may still print an old one. The oldest go first. */
const maxValues = 4_000;
const hidden = '<hidden>';

export class SecretMask {
  readonly #values = new Set<string>();
  /** As they stand in JSON; null: nothing to look for. */
  #pattern: RegExp | null = null;

  add(values: Iterable<string>): void {
    const before = this.#values.size;
    for (const value of values) if (value.length >= minLength) this.#values.add(value);
    if (this.#values.size === before) return;
    for (const value of this.#values) {
      if (this.#values.size <= maxValues) break;
      this.#values.delete(value);
    }
    const texts = [...this.#values].sort((a, b) => b.length - a.length).map(inJson);
    this.#pattern = new RegExp(texts.map((text) => RegExp.escape(text)).join('|'), 'g');
  }

  /** @param batch whole lines, each a JSON object with its line feed */
  apply(batch: string): string {
    const pattern = this.#pattern;
    if (pattern === null) return batch;
    pattern.lastIndex = 0;
    if (!pattern.test(batch)) return batch;
    return batch.replace(/[^\n]+/g, (line) => this.#applyToLine(line, pattern));
  }

  /** Inside texts only: what is left is JSON, whatever a secret looks like. */
  #applyToLine(line: string, pattern: RegExp): string {
    pattern.lastIndex = 0;
    if (!pattern.test(line)) return line;
    return line.replace(/"(?:[^"\\]|\\.)*"/g, (text) =>
      text.length <= minLength ? text : `"${text.slice(1, -1).replace(pattern, hidden)}"`,
    );
  }
}

function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
