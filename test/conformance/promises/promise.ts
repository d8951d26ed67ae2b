// A promise that all languages make alike, and the table of what became of it.
import type { RuntimeName } from '../../../src/policy/runtime-name.ts';
import type { WorkerProcess } from '../harness.ts';
import type { Subject } from './world.ts';

/** Why some languages cannot honour a promise. */
type Exceptions = Partial<Record<RuntimeName, string>>;

export interface GatewayPromise {
  readonly promise: string;
  readonly cannot?: Exceptions;
  /** Asks over HTTP. */
  readonly check: (subject: Subject) => Promise<void>;
}

export interface WirePromise {
  readonly promise: string;
  readonly cannot?: Exceptions;
  /** Speaks frames to a worker that has loaded its program; the worker is its own. */
  readonly wire: (worker: WorkerProcess) => Promise<void>;
}

export type SharedPromise = GatewayPromise | WirePromise;

type Cell = 'kept' | 'broken' | { readonly cannot: string } | { readonly missing: string };

export class PromiseTable {
  readonly #cells = new Map<string, Map<RuntimeName, Cell>>();

  set(promise: string, language: RuntimeName, cell: Cell): void {
    const row = this.#cells.get(promise) ?? new Map<RuntimeName, Cell>();
    this.#cells.set(promise, row.set(language, cell));
  }

  /** Places of the table without an answer. */
  holes(promises: readonly SharedPromise[], languages: readonly RuntimeName[]): string[] {
    return promises.flatMap(({ promise }) =>
      languages
        .filter((language) => this.#cells.get(promise)?.get(language) === undefined)
        .map((language) => `${language}: ${promise}`),
    );
  }

  /** For people: a line a promise, a column a language, the reasons below. */
  lines(languages: readonly RuntimeName[]): string[] {
    const reasons: string[] = [];
    const sign = (cell: Cell | undefined): string => {
      if (cell === undefined || cell === 'broken') return cell === undefined ? '' : 'BROKEN';
      if (cell === 'kept') return 'yes';
      const reason = 'cannot' in cell ? cell.cannot : `not on this host: ${cell.missing}`;
      if (!reasons.includes(reason)) reasons.push(reason);
      return `[${reasons.indexOf(reason) + 1}]`;
    };
    const rows = [...this.#cells].map(([promise, row]) => [
      promise,
      ...languages.map((name) => sign(row.get(name))),
    ]);
    const width = Math.max(...rows.map(([promise = '']) => promise.length));
    const line = ([promise = '', ...cells]: string[]) =>
      `${promise.padEnd(width)}  ${cells.map((cell) => cell.padEnd(6)).join('  ')}`.trimEnd();
    return [
      line(['promise', ...languages]),
      ...rows.map(line),
      ...reasons.map((reason, index) => `[${index + 1}] ${reason}`),
    ];
  }
}
