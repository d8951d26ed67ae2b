// A file that an option names, for options whose fault says more than why it could not be read.

import type { ConfigFileSources } from './config-file.ts';

/** null for a file that is missing or cannot be read. */
export function readOrNull(path: string, readFile: ConfigFileSources['readFile']): string | null {
  try {
    return readFile(path);
  } catch {
    return null;
  }
}
