// The one place where the process's own environment and files enter the configuration; tests pass their own instead.

import { readFileSync } from 'node:fs';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import type { ConfigSources } from './load-config.ts';
import { findRuntimes } from './runtimes.ts';

/** Variables of this process. Read here, handed on as a value. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

type HostSources = Pick<ConfigSources, 'environment' | 'cwd' | 'terminal' | 'readFile' | 'findRuntimes'>;

/** What `loadConfig` needs from the host; `node` is the Node that workers run with. */
export function hostSources(
  host: Pick<ConfigSources, 'environment' | 'cwd' | 'terminal'>,
  node: string,
): HostSources {
  const { environment, cwd } = host;
  return {
    ...host,
    readFile: readFileIfThere,
    findRuntimes: (search) =>
      findRuntimes({ ...search, environment, cwd, node: { path: node, version: process.versions.node } }),
  };
}

function readFileIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** The operator's file alone, for faults that concern every command. */
export function readOperatorFile(explicit: string, cwd: string): Promise<ConfigFile> {
  return readConfigFile({ explicit, cwd, readFile: readFileIfThere });
}
