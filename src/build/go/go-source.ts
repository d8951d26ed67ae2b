// What a Go handler file says about itself, read as text: its package and the name of its function. Files get names that
// Go's tools accept, and directives that keep the author's own names in messages.

import { PlanFault } from '../build-planner.ts';

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The function to call: `wanted`, and for `handler` also `Handler`.
 * @throws PlanFault with the contract's text (contract/invocation.md 5)
 */
export function handlerSymbol(source: string, wanted: string): string {
  if (!identifier.test(wanted)) throw new PlanFault('invoke.handler must be a valid identifier');
  const names = wanted === 'handler' ? ['handler', 'Handler'] : [wanted];
  const found = names.find((name) =>
    new RegExp(`^\\s*(?:func\\s+${name}\\s*\\(|var\\s+${name}\\b)`, 'm').test(source),
  );
  if (found !== undefined) return found;
  throw new PlanFault(
    `go handler symbol not found (expected func ${wanted}(event map[string]interface{}) ...)`,
  );
}

/** @throws PlanFault where the file is in another package, which the worker could not be compiled together with */
export function checkPackage(source: string, shown: string): void {
  const name = /^\s*package\s+(\w+)/m.exec(source)?.[1];
  if (name !== undefined && name !== 'main')
    throw new PlanFault(`go build failed: ${shown}: found package ${name}, accepted: package main`);
}

/** Line numbers and the name that errors and stack traces show (cmd/compile, "Compiler Directives"). */
export function withLineDirective(source: string, shownName: string): string {
  return `//line ${shownName}:1:1\n${source}`;
}

/** Go's tools pass over files that start with `_`, and refuse most marks in names. */
export function acceptedName(name: string): string {
  return name.startsWith('_') ? `private${name}` : name;
}
