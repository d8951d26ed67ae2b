// A fault of the operator's configuration, with the contract's own text where it has one, and the one way to print it.

import { describeFault, type Fault } from '../policy/fault.ts';
import type { Problem } from './option.ts';

export interface ConfigFault extends Fault {
  /** The contract's text; built from the other fields where absent. */
  readonly message?: string;
}

/** Where a value came from. */
export interface Origin {
  /** Path as the operator would write it; `environment` or `arguments` otherwise. */
  readonly file: string;
  /** Key, variable or flag. */
  readonly name: string;
  readonly line?: number;
}

const maxFoundLength = 120;

/** Short JSON text of a found value; long ones are cut. */
export function foundText(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= maxFoundLength ? text : `${text.slice(0, maxFoundLength)}…`;
}

export function toConfigFault(problem: Problem, origin: Origin, raw: unknown, accepted: string): ConfigFault {
  const found = foundText(problem.found ?? raw);
  const words = problem.accepted ?? accepted;
  const text = problem.message?.(origin.name) ?? plainMessage(origin, found, words);
  return {
    file: origin.file,
    key: origin.name,
    ...(origin.line === undefined ? {} : { line: origin.line }),
    found,
    accepted: words,
    severity: problem.severity,
    ...(text === undefined ? {} : { message: text }),
  };
}

function plainMessage(origin: Origin, found: string, accepted: string): string | undefined {
  const outsideFile = origin.file === 'environment' || origin.file === 'arguments';
  return outsideFile ? `invalid ${origin.name} ${found} (accepted: ${accepted})` : undefined;
}

/** One line for people. */
export function faultText(fault: ConfigFault): string {
  return fault.message ?? describeFault(fault);
}
