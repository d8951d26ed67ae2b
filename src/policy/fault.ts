// A fault is one thing wrong with an input: where it was found, what was there, and what would be accepted.
// Loaders collect all faults of a file before they report; nobody fixes one typo at a time.

export interface Fault {
  /** File or source, relative to the functions root where it lies inside it; `environment`, `arguments` otherwise. */
  readonly file: string;
  /** Dotted key inside the file (`worker_pool.max_queue`), variable or flag name; `''` for the whole file. */
  readonly key: string;
  /** 1-based line, where known. */
  readonly line?: number;
  /** What was found, as short JSON text. Never the value of a secret. */
  readonly found: string;
  /** What would be accepted, in words. */
  readonly accepted: string;
  /** `error`: the thing is not used; `warning`: it is used with a safe value. */
  readonly severity: 'error' | 'warning';
}

/** One line for people: `cannot use get.x/fn.config.json timeout_ms: found "abc", accepted: a number > 0`. */
export function describeFault(fault: Fault): string {
  const place = fault.line === undefined ? fault.file : `${fault.file}:${fault.line}`;
  const key = fault.key === '' ? '' : ` ${fault.key}`;
  return `cannot use ${place}${key}: found ${fault.found}, accepted: ${fault.accepted}`;
}
