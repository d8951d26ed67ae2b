// Turns the entries of FN_STRICT_FS_ALLOW into real paths. Source: contract/sandbox.md 1.

import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigFault } from './config-fault.ts';
import type { AllowEntry } from './options/sandbox-options.ts';

export interface AllowedPaths {
  readonly allow: readonly AllowEntry[];
  readonly faults: readonly ConfigFault[];
}

/** Relative entries start at the functions root; links are resolved once, here; what does not exist is left out. */
export function resolveAllowedPaths(entries: readonly AllowEntry[], functionsRoot: string): AllowedPaths {
  const allow: AllowEntry[] = [];
  const faults: ConfigFault[] = [];
  for (const { path, write } of entries) {
    try {
      allow.push({ path: realpathSync(resolve(functionsRoot, path)), write });
    } catch {
      faults.push(missingPath(path));
    }
  }
  return { allow, faults };
}

function missingPath(path: string): ConfigFault {
  return {
    file: 'environment',
    key: 'FN_STRICT_FS_ALLOW',
    found: JSON.stringify(path),
    accepted: 'a path that exists when the gateway starts',
    severity: 'warning',
    message: `Ignoring ${path} in FN_STRICT_FS_ALLOW: it does not exist`,
  };
}
