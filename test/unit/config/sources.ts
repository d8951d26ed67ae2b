// Sources of a configuration that touch nothing of this host: an empty environment, files in memory, no probes.

import type { ConfigFault } from '../../../src/config/config-fault.ts';
import type { RuntimeAdapter } from '../../../src/config/gateway-config.ts';
import { type ConfigSources, type LoadedConfig, loadConfig } from '../../../src/config/load-config.ts';
import type { FindRuntimes } from '../../../src/config/runtime-selection.ts';
import type { RuntimeName } from '../../../src/policy/runtime-name.ts';

function adapter(name: RuntimeName, available: boolean): RuntimeAdapter {
  return {
    name,
    available,
    reason: available ? null : `${name} not found`,
    interpreter: available ? `/opt/${name}` : '',
    interpreterArgs: [],
    strictArgs: [],
    nodeHosted: name === 'node' || name === 'lua',
    sealed: name === 'lua',
    program: `${name}/main`,
    version: available ? '1.2.3' : '',
    readable: [],
  };
}

/** A host that has Node and Python and nothing else. */
const findNodeAndPython: FindRuntimes = async ({ names }) => ({
  adapters: new Map(names.map((name) => [name, adapter(name, name === 'node' || name === 'python')])),
  faults: [],
});

export interface Given {
  readonly mode?: ConfigSources['mode'];
  readonly argument?: string;
  readonly configFile?: string;
  readonly flags?: ConfigSources['flags'];
  readonly environment?: ConfigSources['environment'];
  /** Absolute path → text, or an object that becomes JSON. */
  readonly files?: Readonly<Record<string, string | object>>;
  readonly cwd?: string;
  readonly terminal?: boolean;
  readonly findRuntimes?: FindRuntimes;
}

/** The root folder exists on every host and is never read by these tests. */
export const anyFolder = '/';

export function load(given: Given = {}): Promise<LoadedConfig> {
  const files = given.files ?? {};
  return loadConfig({
    mode: given.mode ?? 'serve',
    argument: given.argument,
    configFile: given.configFile,
    flags: given.flags ?? {},
    environment: given.environment ?? {},
    cwd: given.cwd ?? anyFolder,
    terminal: given.terminal ?? false,
    findRuntimes: given.findRuntimes ?? findNodeAndPython,
    readFile: (path) => {
      const file = files[path];
      if (file === undefined) return null;
      return typeof file === 'string' ? file : JSON.stringify(file);
    },
  });
}

/** The configuration, where there must be one. */
export async function loadGood(given: Given = {}) {
  const loaded = await load(given);
  if ('config' in loaded) return loaded.config;
  throw new Error(`unexpected faults: ${JSON.stringify(loaded.faults)}`);
}

/** The faults, where there must be some. */
export async function loadBad(given: Given = {}): Promise<readonly ConfigFault[]> {
  const loaded = await load(given);
  if ('faults' in loaded) return loaded.faults;
  throw new Error('expected faults, got a configuration');
}
