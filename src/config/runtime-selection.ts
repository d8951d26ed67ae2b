// Which languages are on: what was asked for, and what this host can run. Texts: contract/config-cli.md 5.6.

import { type RuntimeName, runtimeNames } from '../policy/runtime-name.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { type BinaryVariable, binaryOptions, runtimeBinaries } from './options/binary-options.ts';
import { runtimeOptions, socketOptions } from './options/runtime-options.ts';
import type { FoundRuntimes, RuntimeSearch } from './runtimes.ts';
import type { Settings } from './settings.ts';

export type FindRuntimes = (search: Pick<RuntimeSearch, 'names' | 'overrides'>) => Promise<FoundRuntimes>;

type Selection = Pick<GatewayConfig, 'runtimes' | 'adapters' | 'binaries'>;

/**
 * Probes the wanted languages. Those of an explicit list that cannot run here are warned of and stay selected: their
 * functions are listed and answer 503, and the gateway says that it is not ready.
 */
export async function selectRuntimes(settings: Settings, findRuntimes: FindRuntimes): Promise<Selection> {
  const wanted = settings.read(runtimeOptions.runtimes);
  const binaries = readBinaries(settings);
  const found = await findRuntimes({ names: wanted ?? runtimeNames, overrides: binaries });
  for (const fault of found.faults) settings.add(fault);
  const { adapters } = found;
  if (wanted === null) return { runtimes: null, adapters, binaries };
  const usable = wanted.filter((name) => adapters.get(name)?.available === true);
  const source = settings.given(runtimeOptions.runtimes)?.origin ?? {
    file: 'environment',
    name: 'FN_RUNTIMES',
  };
  const place = {
    file: source.file,
    key: source.name,
    ...(source.line === undefined ? {} : { line: source.line }),
  };
  for (const name of wanted.filter((candidate) => !usable.includes(candidate))) {
    const reason = adapters.get(name)?.reason ?? 'unknown';
    const message = `Ignoring runtime ${name} (missing: ${reason}): its functions answer 503`;
    settings.add({
      ...place,
      found: name,
      accepted: 'a runtime this host has',
      severity: 'warning',
      message,
    });
  }
  if (usable.length === 0) {
    const message = `no compatible runtimes enabled (${source.name}="${wanted.join(',')}")`;
    settings.add({
      ...place,
      found: message,
      accepted: 'a runtime this host has',
      severity: 'error',
      message,
    });
  }
  return { runtimes: wanted, adapters, binaries };
}

/** FN_*_BIN variables over `runtime-binaries`. */
function readBinaries(settings: Settings): ReadonlyMap<string, string> {
  const binaries = new Map<string, string>(settings.read(runtimeBinaries));
  for (const variable of Object.keys(binaryOptions) as BinaryVariable[]) {
    const program = settings.read(binaryOptions[variable]);
    if (program !== null) binaries.set(variable, program);
  }
  return binaries;
}

/** FN_RUNTIME_SOCKETS over the variables of single languages. */
export function readSocketPaths(settings: Settings): ReadonlyMap<RuntimeName, string> {
  const paths = new Map<RuntimeName, string>();
  for (const [name, option] of Object.entries(socketOptions) as [
    keyof typeof socketOptions,
    typeof socketOptions.node,
  ][]) {
    const path = settings.read(option);
    if (path !== null) paths.set(name, path);
  }
  return new Map([...paths, ...settings.read(runtimeOptions.runtimeSockets)]);
}
