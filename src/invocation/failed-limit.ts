// A handler that ran into an rlimit gets the system's error and may answer with it. The log says in our own words which
// limit that was, so that whoever reads it need not know errno(3).

import { limitExceededText } from '../policy/limit-fields.ts';
import type { ResourceLimits } from '../policy/sandbox-policy.ts';

const signs: readonly (readonly [name: 'openFiles' | 'fileBytes', sign: RegExp])[] = [
  ['openFiles', /\bEMFILE\b|too many open files/i],
  ['fileBytes', /\bEFBIG\b|file too large/i],
];

/** `open files limit exceeded (256 files)`, or null for an error that is none of a limit. */
export function failedLimit(error: string, limits: ResourceLimits): string | null {
  const name = signs.find(([, sign]) => sign.test(error))?.[0];
  return name === undefined ? null : limitExceededText(name, limits[name]);
}
