// One line of the benchmark table.

export interface BenchRow {
  readonly what: string;
  readonly connections: number | string;
  /** Figure of the product and of its baseline, with unit. */
  readonly ours: string;
  readonly baseline: string;
  /** Ours / baseline, one per round; the median is quoted. */
  readonly ratios: readonly number[];
  readonly failures: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('cannot take the median of nothing');
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}
