// Reads JSON like JSON.parse (RFC 8259), and besides says on which line each key is, which keys come twice, and on
// which line a syntax error is. For files that people edit; not for hot paths. Depth and keys are bounded.

export interface JsonDocument {
  readonly value: unknown;
  /** JSON pointer (`/runtime-daemons/node`) → 1-based line of its key. */
  readonly lines: ReadonlyMap<string, number>;
  /** Pointers of keys that were written more than once; the last one counts, as in JSON.parse. */
  readonly repeated: readonly string[];
}

/** A syntax error, with the place where reading stopped. */
export class JsonSyntaxError extends Error {
  readonly line: number;

  constructor(reason: string, line: number) {
    super(reason);
    this.name = 'JsonSyntaxError';
    this.line = line;
  }
}

const maxDepth = 64;

/** Parses `text`; a byte order mark is skipped. Throws JsonSyntaxError. */
export function parseJsonDocument(text: string): JsonDocument {
  return new JsonReader(text.replace(/^\uFEFF/, '')).read();
}

class JsonReader {
  readonly #text: string;
  #at = 0;
  #counted = 0;
  #lineNumber = 1;
  readonly #lines = new Map<string, number>();
  readonly #repeated: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonDocument {
    this.#space();
    this.#value('', 0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('text after the end of the document');
    // The shape is known to be sound; the values themselves are read by the engine's own parser.
    return { value: JSON.parse(this.#text), lines: this.#lines, repeated: this.#repeated };
  }

  #value(pointer: string, depth: number): void {
    if (depth > maxDepth) this.#fail(`more than ${maxDepth} levels`);
    const first = this.#text[this.#at];
    if (first === '{') this.#members(pointer, depth);
    else if (first === '[') this.#items(pointer, depth);
    else if (first === '"') this.#string();
    else
      this.#token(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y, 'a value');
  }

  #members(pointer: string, depth: number): void {
    const seen = new Set<string>();
    this.#list('}', () => {
      const line = this.#line();
      const key = String(JSON.parse(this.#string()));
      const child = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (seen.has(key)) this.#repeated.push(child);
      seen.add(key);
      this.#lines.set(child, line);
      this.#space();
      this.#token(/:/y, "':' after a key");
      this.#space();
      this.#value(child, depth + 1);
    });
  }

  #items(pointer: string, depth: number): void {
    let index = 0;
    this.#list(']', () => {
      const child = `${pointer}/${index++}`;
      this.#lines.set(child, this.#line());
      this.#value(child, depth + 1);
    });
  }

  /** Walks `open item (, item)* close`; a trailing comma is an error. */
  #list(close: '}' | ']', item: () => void): void {
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#space();
      item();
      this.#space();
      if (this.#text[this.#at] === close) break;
      this.#token(/,/y, `',' or '${close}'`);
    }
    this.#at++;
  }

  #string(): string {
    const start = this.#at;
    const text = this.#token(/"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y, 'a text in double quotes');
    // RFC 8259 7: control characters, above all a line end, stand in a text only as escapes.
    for (let index = 0; index < text.length; index++) {
      if (text.charCodeAt(index) >= 0x20) continue;
      this.#at = start + index;
      this.#fail('expected the end of a text');
    }
    return text;
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '-')) this.#at++;
  }

  #token(pattern: RegExp, expected: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return this.#fail(`expected ${expected}`);
    this.#at += found.length;
    return found;
  }

  /** Counts on from the last question, so that asking for every key stays linear. */
  #line(): number {
    for (; this.#counted < this.#at; this.#counted++) {
      if (this.#text[this.#counted] === '\n') this.#lineNumber++;
    }
    return this.#lineNumber;
  }

  #fail(reason: string): never {
    const found = this.#text[this.#at];
    const shown = found === undefined ? 'the end of the file' : JSON.stringify(found);
    throw new JsonSyntaxError(`${reason}, found ${shown}`, this.#line());
  }
}
