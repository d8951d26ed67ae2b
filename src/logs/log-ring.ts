// The newest part of this process's log, in memory, for those who read it over HTTP. Bounded in lines and bytes: the
// oldest go first. Takes whole batches, so that a line costs nothing here until somebody asks.

import { type LogFilter, type LogLine, matches, mayMatch, parseLogLine } from './log-line.ts';

export interface LogRingBounds {
  /** Default 20 000. */
  readonly maxLines?: number;
  /** Characters, default 4 Mi; about as many bytes. */
  readonly maxChars?: number;
}

export interface LogQuery extends LogFilter {
  /** Most lines of the answer. */
  readonly limit: number;
  /**
   * Only lines after this place (`seq`), oldest first: how a reader goes on. Absent: the newest `limit` lines.
   */
  readonly after?: number;
}

export interface LogPage {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** Where to go on: every line up to it has been looked at. */
  readonly next: number;
  /** Lines after `after` that were gone before they could be read. */
  readonly lost: number;
}

const lineFeed = /\n/;

interface Batch {
  /** Place of its first line. */
  readonly first: number;
  readonly count: number;
  readonly text: string;
}

export class LogRing {
  /** Brings in what the log has gathered but not handed on; called before each query. */
  gather: () => void = () => {};
  readonly #maxLines: number;
  readonly #maxChars: number;
  readonly #listeners = new Set<() => void>();
  #batches: Batch[] = [];
  #next = 1;
  #chars = 0;

  constructor({ maxLines = 20_000, maxChars = 4_194_304 }: LogRingBounds = {}) {
    this.#maxLines = maxLines;
    this.#maxChars = maxChars;
  }

  /** @param text `count` lines, each with its line feed */
  append(text: string, count = 1): void {
    // A text that was put together piece by piece is a tree of its pieces inside V8; kept like that, each of them would
    // be kept. Looking for something in it makes it one piece.
    text.search(lineFeed);
    this.#batches.push({ first: this.#next, count, text });
    this.#next += count;
    this.#chars += text.length;
    this.#forget();
    for (const listener of this.#listeners) listener();
  }

  query(query: LogQuery): LogPage {
    this.gather();
    return query.after === undefined ? this.#newest(query) : this.#from(query.after, query);
  }

  /**
   * Calls back each time something was added; the listener asks for it with `query` when it is ready to. Must not throw
   * and must not log.
   * @returns the end of it
   */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A single batch larger than the bounds stays until the next one comes. */
  #forget(): void {
    let gone = 0;
    for (const batch of this.#batches.slice(0, -1)) {
      const kept = this.#next - batch.first;
      if (kept <= this.#maxLines && this.#chars <= this.#maxChars) break;
      this.#chars -= batch.text.length;
      gone += 1;
    }
    if (gone > 0) this.#batches = this.#batches.slice(gone);
  }

  #newest(query: LogQuery): LogPage {
    const found: LogLine[] = [];
    for (const batch of this.#batches.toReversed()) {
      for (const line of linesOf(batch, query, 0).reverse()) {
        if (found.length < query.limit) found.push(line);
      }
      if (found.length >= query.limit) break;
    }
    return { lines: found.reverse(), next: this.#next - 1, lost: 0 };
  }

  #from(after: number, query: LogQuery): LogPage {
    const oldest = this.#batches[0]?.first ?? this.#next;
    const lost = Math.max(0, oldest - 1 - after);
    const found: LogLine[] = [];
    for (const batch of this.#batches) {
      if (batch.first + batch.count <= after + 1) continue;
      found.push(...linesOf(batch, query, after));
      if (found.length < query.limit) continue;
      const lines = found.slice(0, query.limit);
      const last = lines.at(-1)?.seq ?? after;
      return { lines, next: found.length > query.limit ? last : batch.first + batch.count - 1, lost };
    }
    return { lines: found, next: Math.max(after, this.#next - 1), lost };
  }
}

function linesOf({ first, text }: Batch, filter: LogFilter, after: number): LogLine[] {
  const lines: LogLine[] = [];
  const texts = text.split('\n');
  for (const [index, line] of texts.entries()) {
    const seq = first + index;
    if (seq <= after || line === '' || !mayMatch(line, filter)) continue;
    const fields = parseLogLine(line);
    if (fields !== null && matches(fields, filter)) lines.push({ seq, fields });
  }
  return lines;
}
