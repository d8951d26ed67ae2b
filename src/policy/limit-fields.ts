// The limits that a function may set, by their names in `fn.config.json`: unit, bounds, and the operator's option that
// bounds them further. One table for whoever reads, checks, prints or documents limits.

import type { ResourceLimits } from './sandbox-policy.ts';

export type LimitName = keyof ResourceLimits;

/** Most that functions may ask for, in the units of ResourceLimits; null = no maximum. */
export type LimitMaxima = { readonly [K in LimitName]: number | null };

export interface LimitField {
  readonly name: LimitName;
  /** Key of `limits` in fn.config.json. */
  readonly key: string;
  /** What one of the key's unit is in the unit of ResourceLimits. */
  readonly scale: number;
  /** Smallest value with which a worker of any language can start and answer. */
  readonly min: number;
  /** Largest value that the operator's maximum can be set to. */
  readonly ceiling: number;
  /** The operator's maximum where none is set; null = none. */
  readonly maximum: number | null;
  /** For people: `memory limit exceeded (512 MiB)`. */
  readonly words: string;
  readonly unit: string;
}

const kib = 1024;
const mib = 1024 * kib;

/** Numbers are in the key's unit. */
export const limitFields: readonly LimitField[] = [
  {
    name: 'memoryBytes',
    key: 'memory_mb',
    scale: mib,
    min: 16,
    ceiling: 1_048_576,
    maximum: 2048,
    words: 'memory',
    unit: 'MiB',
  },
  {
    name: 'openFiles',
    key: 'open_files',
    scale: 1,
    // Node holds about 20 before it has loaded anything.
    min: 32,
    ceiling: 1_048_576,
    maximum: 4096,
    words: 'open files',
    unit: 'files',
  },
  {
    name: 'fileBytes',
    key: 'file_size_mb',
    scale: mib,
    min: 1,
    ceiling: 1_048_576,
    maximum: 1024,
    words: 'file size',
    unit: 'MiB',
  },
  {
    name: 'threads',
    key: 'threads',
    scale: 1,
    min: 16,
    ceiling: 32_768,
    maximum: 1024,
    words: 'threads',
    unit: 'threads',
  },
  {
    name: 'cpuMs',
    key: 'cpu_ms',
    scale: 1,
    min: 10,
    ceiling: 3_600_000,
    maximum: null,
    words: 'cpu time',
    unit: 'ms',
  },
  {
    name: 'outputBytes',
    key: 'output_kb',
    scale: kib,
    min: 1,
    ceiling: 65_536,
    maximum: 4096,
    words: 'output',
    unit: 'KiB',
  },
  {
    name: 'tempBytes',
    key: 'temp_mb',
    scale: mib,
    min: 1,
    ceiling: 1_048_576,
    maximum: 2048,
    words: 'temporary files',
    unit: 'MiB',
  },
];

function limitField(name: LimitName): LimitField {
  const field = limitFields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`cannot find the limit ${name}`);
  return field;
}

/** `memory limit exceeded (512 MiB)`: what clients and the log are told; no path, no secret. */
export function limitExceededText(name: LimitName, limit: number): string {
  const { words, unit, scale } = limitField(name);
  return `${words} limit exceeded (${limit / scale} ${unit})`;
}
