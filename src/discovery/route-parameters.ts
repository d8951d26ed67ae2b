// Takes the values of a pattern's parameters out of a path. Prepared once per route; the path is known to match.

import { matchWide } from './route-index.ts';
import { isCatchAll, isDynamicSegment } from './route-pattern.ts';

/** null: the pattern has no parameters. */
export type ParameterReader = ((segments: readonly string[]) => Readonly<Record<string, string>>) | null;

interface Parameter {
  readonly name: string;
  readonly index: number;
  readonly catchAll: boolean;
}

/** Of two parameters of one name the last wins; a bare `*` is called `wildcard`, then `wildcard2` … */
export function readerFor(pattern: string): ParameterReader {
  const parts = pattern.slice(1).split('/');
  const parameters = parametersOf(parts);
  if (parameters.length === 0) return null;
  return parts.slice(0, -1).some(isCatchAll) ? wideReader(parts, parameters) : plainReader(parameters);
}

function parametersOf(parts: readonly string[]): Parameter[] {
  let wildcards = 0;
  return parts.flatMap((part, index) => {
    if (!isDynamicSegment(part)) return [];
    if (part === '*') wildcards++;
    const bare = wildcards > 1 ? `wildcard${wildcards}` : 'wildcard';
    const name = part === '*' ? bare : part.slice(1).replace(/\*$/, '');
    return [{ name, index, catchAll: isCatchAll(part) }];
  });
}

/** The catch-all, if any, comes last. */
function plainReader(parameters: readonly Parameter[]): ParameterReader {
  return (segments) => {
    const values: Record<string, string> = {};
    for (const { name, index, catchAll } of parameters) {
      values[name] = catchAll ? segments.slice(index).join('/') : (segments[index] ?? '');
    }
    return values;
  };
}

function wideReader(parts: readonly string[], parameters: readonly Parameter[]): ParameterReader {
  return (segments) => {
    const starts = matchWide(parts, segments) ?? [];
    const values: Record<string, string> = {};
    for (const { name, index } of parameters) {
      values[name] = segments.slice(starts[index] ?? 0, starts[index + 1] ?? segments.length).join('/');
    }
    return values;
  };
}
