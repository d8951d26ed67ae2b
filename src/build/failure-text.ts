// Why a build failed, in the contract's words and the tool's own last lines, without this host's paths
// (contract/dependencies.md 2.1, 3.1, 4, 5 and 6).

import type { BuildPlan } from './build-plan.ts';
import type { StepOutcome } from './step-runner.ts';

export interface BuildFault {
  /** For clients, logs and the state file. */
  readonly text: string;
  readonly code: 'build_failed' | 'not_built';
  /** `plan`: files or tools are wrong, nothing ran. `build`: a tool failed. `host`: the disk or the launcher did. */
  readonly stage: 'plan' | 'build' | 'host';
}

export interface Masking {
  /** Takes paths of this host out of a text. */
  readonly maskPaths: (text: string) => string;
  /** Folders whose names are taken off paths below them. */
  readonly own: readonly string[];
}

const installerLines = 4;
const compilerBytes = 1_200;

/** `rust build failed: <tail>`, `pip dependencies install timeout after 180.0s for a/b: <tail>. <hint>` */
export function stepFault(
  plan: BuildPlan,
  outcome: Exclude<StepOutcome, { kind: 'ok' | 'cancelled' }>,
  timeoutMs: number,
  masking: Masking,
): BuildFault {
  const { failureText, failureHint } = plan;
  const said = mask(tailOf(outcome, plan.kind), masking);
  const tail = said === '' ? reasonOf(outcome) : said;
  const isHosts = /No space left on device|ENOSPC|Read-only file system|EROFS|Disk quota exceeded/.test(tail);
  const head = outcome.kind === 'timeout' ? timedOut(failureText, timeoutMs) : failureText;
  const limit = outcome.kind === 'limit' ? `${outcome.text}; ` : '';
  const text = `${head}: ${limit}${tail}${failureHint === undefined ? '' : `. ${failureHint}`}`;
  return { text, code: 'not_built', stage: isHosts ? 'host' : 'build' };
}

function timedOut(failureText: string, timeoutMs: number): string {
  const words = `timeout after ${(timeoutMs / 1000).toFixed(1)}s`;
  return failureText.includes('failed') ? failureText.replace('failed', words) : `${failureText}: ${words}`;
}

function reasonOf(outcome: Exclude<StepOutcome, { kind: 'ok' | 'cancelled' }>): string {
  if (outcome.kind === 'failed') return outcome.reason;
  return outcome.kind === 'timeout' ? 'it was ended' : 'it was ended for it';
}

/** Of installers the last lines; of compilers as much of the end as is worth reading. */
function tailOf({ stdout, stderr }: StepOutcome, kind: BuildPlan['kind']): string {
  const lines = [stderr, stdout].map((stream) => stream.map((line) => line.trimEnd()).filter(Boolean));
  const told = lines.find((stream) => stream.length > 0) ?? [];
  if (kind === 'dependencies')
    return told
      .slice(-installerLines)
      .map((line) => line.trim())
      .join(' | ');
  return lastWhole(told, compilerBytes);
}

function lastWhole(lines: readonly string[], maxBytes: number): string {
  let text = lines.at(-1)?.slice(-maxBytes) ?? '';
  for (const line of lines.slice(0, -1).toReversed()) {
    if (text.length + line.length + 1 > maxBytes) break;
    text = `${line}\n${text}`;
  }
  return text;
}

// An index may be given with a password in its address.
const credentials = /\/\/[^/@\s]+@/g;
// Colours and cursor movements of tools that take a pipe for a terminal (ECMA-48, CSI).
const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');

export function mask(text: string, { maskPaths, own }: Masking): string {
  const shown = own.reduce((rest, folder) => rest.replaceAll(`${folder}/`, ''), text);
  return maskPaths(shown.replace(colours, '').replace(credentials, '//<hidden>@'));
}
