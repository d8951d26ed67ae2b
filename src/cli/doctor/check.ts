// One finding of `fastfn doctor`, and the two forms in which findings are printed (contract/config-cli.md 4).

import { plainText } from '../text-table.ts';

export interface Check {
  /** Only of `doctor domains`. */
  readonly domain?: string;
  /** Stable id, for example `project.port`. */
  readonly id: string;
  readonly status: 'OK' | 'WARN' | 'FAIL';
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export type DoctorScope = 'general' | 'domains';

export function countFailures(checks: readonly Check[]): number {
  return checks.filter((check) => check.status === 'FAIL').length;
}

/** Lines for people. */
export function doctorText(scope: DoctorScope, checks: readonly Check[]): string {
  const lines = [`FastFN Doctor (${scope})`];
  for (const check of checks) {
    const domain = check.domain === undefined ? '' : `${check.domain} `;
    lines.push(`[${check.status}] ${domain}${check.id}: ${check.message}`);
    if (check.hint !== undefined) lines.push(`    hint: ${check.hint}`);
    for (const [key, value] of Object.entries(check.details ?? {}))
      lines.push(`    ${key}: ${inline(value)}`);
  }
  const { ok, warn, fail } = summarise(checks);
  return [...lines.map(plainText), `Summary: OK=${ok} WARN=${warn} FAIL=${fail}`].join('\n');
}

function inline(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The object that `--json` prints. */
export function doctorJson(scope: DoctorScope, checks: readonly Check[], now: Date): object {
  return { scope, generated_at: now.toISOString(), checks, summary: summarise(checks) };
}

function summarise(checks: readonly Check[]): { ok: number; warn: number; fail: number } {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  return { ok: count('OK'), warn: count('WARN'), fail: count('FAIL') };
}
