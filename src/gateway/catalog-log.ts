// Tells the log what is wrong with the functions: each complaint once, when it appears. Health and `fastfn check` show all.

import type { Catalog } from '../discovery/catalog.ts';
import type { Log } from '../log.ts';
import { describeFault } from '../policy/fault.ts';

/** Lines of one scan: a broken tree can have thousands of faults. */
const maxLines = 100;

export class CatalogLog {
  readonly #log: Log;
  #known: ReadonlyMap<string, object> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Call with each catalog that becomes the one that serves. */
  add(catalog: Catalog): void {
    const known = this.#known;
    this.#known = complaintsOf(catalog);
    const fresh = [...this.#known].filter(([text]) => !known.has(text));
    for (const [text, fields] of fresh.slice(0, maxLines)) this.#log.warn(fields, text);
    if (fresh.length > maxLines) {
      this.#log.warn(
        { more: fresh.length - maxLines },
        'more is wrong: fastfn check and routes list all of it',
      );
    }
  }
}

/** Text for people → fields for programs. What is only worth knowing (`info`) is left out. */
function complaintsOf({ warnings, faults }: Catalog): ReadonlyMap<string, object> {
  const complaints = new Map<string, object>();
  for (const fault of faults) {
    complaints.set(describeFault(fault), { file: fault.file, key: fault.key, severity: fault.severity });
  }
  for (const { code, file, message, level } of warnings) {
    if (level !== 'info') complaints.set(`${file}: ${message}`, { code, file });
  }
  return complaints;
}
