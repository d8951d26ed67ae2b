// Which function a call is about: `runtime`, `name` and `version` of its query looked up in the catalog that serves, so that
// every layout that can be served can be read and changed. Source: contract/control-plane.md 6.

import { join } from 'node:path';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { GatewayError } from '../errors.ts';
import { isRuntimeName } from '../policy/runtime-name.ts';
import type { ControlCall } from './access-row.ts';

type TargetQuery = ControlCall['query'];

const runtimePattern = /^[a-zA-Z0-9_/-]+$/;
const namePattern = /^[a-zA-Z0-9_/[\].-]+$/;
const versionPattern = /^[a-zA-Z0-9_.-]+$/;

/** What a name may be: relative, of one or more parts, none of which leads elsewhere. */
export function isTargetName(name: string): boolean {
  return (
    namePattern.test(name) && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

export function isTargetVersion(version: string): boolean {
  return versionPattern.test(version) && !/^\.+$/.test(version);
}

/** @throws GatewayError with the contract's text: 404 to a reader, 400 to a writer */
export function findFunction(catalog: Catalog, query: TargetQuery, access: 'read' | 'write'): FunctionUnit {
  const { runtime = '', name = '', version = '' } = query;
  const wanted = version === '' ? 'default' : version;
  const units = [...catalog.functions.values()].filter((unit) => unit.name === name);
  const found = units.find((unit) => unit.runtime === runtime && unit.version === wanted);
  if (found !== undefined) return found;
  throw refused(whyNot(catalog, units, { runtime, name, version }), access);
}

function whyNot(
  catalog: Catalog,
  named: readonly FunctionUnit[],
  { runtime, name, version }: { readonly runtime: string; readonly name: string; readonly version: string },
): string {
  if (!runtimePattern.test(runtime)) return 'invalid runtime';
  if (!isTargetName(name)) return 'invalid function';
  if (version !== '' && !isTargetVersion(version)) return 'invalid version';
  const isKnown = isRuntimeName(runtime) && catalog.runtimes.includes(runtime);
  const ofRuntime = named.filter((unit) => unit.runtime === runtime);
  if (ofRuntime.length === 0) {
    if (named.some((unit) => unit.kind === 'file')) return 'runtime mismatch for function file';
    return isKnown ? 'unknown function' : 'unknown runtime';
  }
  if (version === '') return 'default version not available';
  const isFile = ofRuntime.every((unit) => unit.kind === 'file' && unit.version === 'default');
  return isFile ? 'version not supported for file targets' : 'unknown version';
}

function refused(text: string, access: 'read' | 'write'): GatewayError {
  return new GatewayError(access === 'read' ? 'not_found' : 'bad_request', { text });
}

export function configPathOf(unit: FunctionUnit): string {
  return join(unit.home, 'fn.config.json');
}

/** Where its environment is, or would be. */
export function envPathOf(unit: FunctionUnit): string {
  return unit.envFile ?? join(unit.home, 'fn.env.json');
}

/** The part of an answer that names the function. */
export function namesOf(unit: FunctionUnit): Readonly<Record<string, string>> {
  const { runtime, name, version } = unit;
  return { runtime, name, ...(version === 'default' ? {} : { version }) };
}
