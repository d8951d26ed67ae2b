// How much the gateway has had to do in the last day, measured: the counters of the metrics, read from time to time and kept as
// differences in buckets of five minutes (in all) and of an hour (each function). Costs requests nothing; survives a restart.

import { isObject } from '../discovery/checked-document.ts';
import type { Metrics } from '../metrics.ts';

export interface Figures {
  requests: number;
  /** Answers of 500 and above. */
  errors: number;
  /** Of invocations; a request that reached no function has none. */
  latencySeconds: number;
  invocations: number;
}

export interface TrafficReport {
  readonly total: Figures;
  /** Oldest first; one for each five minutes of the last day. */
  readonly buckets: readonly { readonly startsAt: number; readonly figures: Figures }[];
  readonly functions: ReadonlyMap<string, Figures>;
}

interface Sample {
  /** By function key; '' for requests that reached none. */
  readonly functions: ReadonlyMap<string, Figures>;
}

type Buckets = Map<number, Figures>;

const bucketMs = 300_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** Functions kept of one hour; more than that are only in the totals. */
const maxFunctions = 2_000;

export class TrafficFigures {
  readonly #metrics: Pick<Metrics, 'requests' | 'duration'>;
  readonly #now: () => number;
  readonly #buckets: Buckets;
  readonly #hours: Map<number, Map<string, Figures>>;
  #isUnsaved = false;
  #last: Sample = { functions: new Map() };

  /** @param now epoch ms. @param stored what `toJson` gave before a restart, unchecked */
  constructor(metrics: Pick<Metrics, 'requests' | 'duration'>, now: () => number, stored: unknown = null) {
    this.#metrics = metrics;
    this.#now = now;
    this.#buckets = parseBuckets(isObject(stored) ? stored['buckets'] : null);
    const hours = isObject(stored) && isObject(stored['hours']) ? stored['hours'] : {};
    this.#hours = new Map(
      Object.entries(hours).flatMap(([at, entries]) =>
        /^\d+$/.test(at) ? [[Number(at), parseFunctions(entries)] as const] : [],
      ),
    );
  }

  /**
   * Adds what has been counted since the last call.
   * @returns whether anything was, since `toJson` was called last
   */
  async sample(): Promise<boolean> {
    const taken = await readSample(this.#metrics);
    const now = this.#now();
    const bucket = at(this.#buckets, Math.floor(now / bucketMs) * bucketMs, nothing);
    const hour = at(this.#hours, Math.floor(now / hourMs) * hourMs, () => new Map<string, Figures>());
    for (const [key, figures] of taken.functions) {
      const added = difference(figures, this.#last.functions.get(key));
      if (added.requests === 0 && added.invocations === 0) continue;
      add(bucket, added);
      this.#isUnsaved = true;
      if (key !== '' && (hour.has(key) || hour.size < maxFunctions)) add(at(hour, key, nothing), added);
    }
    this.#last = taken;
    this.#forget(now - dayMs);
    return this.#isUnsaved;
  }

  report(): TrafficReport {
    const newest = Math.floor(this.#now() / bucketMs) * bucketMs;
    const count = dayMs / bucketMs;
    const buckets = Array.from({ length: count }, (_, index) => {
      const startsAt = newest - (count - 1 - index) * bucketMs;
      return { startsAt, figures: this.#buckets.get(startsAt) ?? nothing() };
    });
    const total = nothing();
    for (const { figures } of buckets) add(total, figures);
    const functions = new Map<string, Figures>();
    for (const hour of this.#hours.values()) {
      for (const [key, figures] of hour) add(at(functions, key, nothing), figures);
    }
    return { total, buckets, functions };
  }

  toJson(): unknown {
    this.#isUnsaved = false;
    return {
      buckets: Object.fromEntries(this.#buckets),
      hours: Object.fromEntries(
        [...this.#hours].map(([hour, entries]) => [hour, Object.fromEntries(entries)]),
      ),
    };
  }

  #forget(before: number): void {
    for (const startsAt of this.#buckets.keys()) if (startsAt <= before) this.#buckets.delete(startsAt);
    for (const startsAt of this.#hours.keys()) if (startsAt <= before - hourMs) this.#hours.delete(startsAt);
  }
}

async function readSample({ requests, duration }: Pick<Metrics, 'requests' | 'duration'>): Promise<Sample> {
  const functions = new Map<string, Figures>();
  for (const { labels, value } of (await requests.get()).values) {
    const figures = at(functions, String(labels.function ?? ''), nothing);
    figures.requests += value;
    if (Number(labels.status) >= 500) figures.errors += value;
  }
  for (const { labels, value, metricName } of (await duration.get()).values) {
    const figures = at(functions, String(labels.function ?? ''), nothing);
    if (metricName?.endsWith('_sum') === true) figures.latencySeconds += value;
    if (metricName?.endsWith('_count') === true) figures.invocations += value;
  }
  return { functions };
}

function nothing(): Figures {
  return { requests: 0, errors: 0, latencySeconds: 0, invocations: 0 };
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function add(sum: Figures, more: Figures): void {
  sum.requests += more.requests;
  sum.errors += more.errors;
  sum.latencySeconds += more.latencySeconds;
  sum.invocations += more.invocations;
}

function difference(now: Figures, before: Figures = nothing()): Figures {
  return {
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    latencySeconds: now.latencySeconds - before.latencySeconds,
    invocations: now.invocations - before.invocations,
  };
}

function parseBuckets(value: unknown): Buckets {
  const entries = isObject(value) ? Object.entries(value) : [];
  return new Map(
    entries.flatMap(([startsAt, item]) => {
      const figures = parseFigures(item);
      return figures !== null && /^\d+$/.test(startsAt) ? [[Number(startsAt), figures] as const] : [];
    }),
  );
}

function parseFunctions(value: unknown): Map<string, Figures> {
  const entries = isObject(value) ? Object.entries(value).slice(0, maxFunctions) : [];
  return new Map(
    entries.flatMap(([key, item]) => {
      const figures = parseFigures(item);
      return figures === null ? [] : [[key, figures] as const];
    }),
  );
}

function parseFigures(value: unknown): Figures | null {
  if (!isObject(value)) return null;
  const { requests, errors, latencySeconds, invocations } = value;
  const numbers = [requests, errors, latencySeconds, invocations];
  if (!numbers.every((each) => typeof each === 'number' && each >= 0)) return null;
  return {
    requests: Number(requests),
    errors: Number(errors),
    latencySeconds: Number(latencySeconds),
    invocations: Number(invocations),
  };
}
