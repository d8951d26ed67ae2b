// Brings the rule groups together under the system call numbers of one architecture. The table of numbers is that of
// Linux 6.18: <asm/unistd_64.h> of x86-64 first, <asm-generic/unistd.h> (arm64) second.

import { conditionalRules, type FilterParameters } from './conditional-rules.ts';
import { allowedCalls, refusedCalls } from './plain-rules.ts';
import { processRules } from './process-rules.ts';
import { allow, type Rule, refuse } from './rule.ts';
import numbers from './syscall-numbers.json' with { type: 'json' };

export type FilterArch = 'x64' | 'arm64';

const numberTable = numbers as unknown as Readonly<Record<string, readonly [number | null, number | null]>>;

/** The number of a call on an architecture (<asm/unistd.h>), or null where it does not exist. */
export function syscallNumber(arch: FilterArch, name: string): number | null {
  const row = numberTable[name];
  if (row === undefined) throw new Error(`cannot find the system call ${name} in the table`);
  return row[arch === 'x64' ? 0 : 1];
}

/** All calls of an architecture by name. */
export function syscallNumbers(arch: FilterArch): Record<string, number> {
  const column = arch === 'x64' ? 0 : 1;
  return Object.fromEntries(
    Object.entries(numberTable).flatMap(([name, row]) => {
      const number = row[column];
      return number === undefined || number === null ? [] : [[name, number]];
    }),
  );
}

/** Every rule by name; a name in two groups is a mistake and throws. */
export function namedRules(parameters: FilterParameters): Map<string, Rule> {
  const rules = new Map<string, Rule>();
  const add = (name: string, rule: Rule) => {
    if (rules.has(name)) throw new Error(`cannot give ${name} two rules`);
    rules.set(name, rule);
  };
  for (const name of Object.values(allowedCalls).flat()) add(name, allow);
  for (const name of Object.values(refusedCalls).flat()) add(name, refuse('EPERM'));
  for (const [name, rule] of Object.entries(conditionalRules(parameters))) add(name, rule);
  if (parameters.processes !== true) return rules;
  for (const [name, rule] of Object.entries(processRules(parameters))) rules.set(name, rule);
  return rules;
}

export function filterRules(arch: FilterArch, parameters: FilterParameters): Map<number, Rule> {
  const byNumber = new Map<number, Rule>();
  for (const [name, rule] of namedRules(parameters)) {
    const number = syscallNumber(arch, name);
    if (number !== null) byNumber.set(number, rule);
  }
  return byNumber;
}
