// Turns the rows of the languages and what this host has into adapters. An override (`FN_PYTHON_BIN`) that does not
// work is a fault; a language that is missing is only not available.

import type { RuntimeName } from '../policy/runtime-name.ts';
import type { ConfigFault } from './config-fault.ts';
import type { RuntimeAdapter } from './gateway-config.ts';
import { findHostProgram, type HostProgramState } from './host-program.ts';
import { type HostProgram, type RuntimeRow, runtimeRows } from './runtime-rows.ts';
import type { Environment } from './settings.ts';

export interface RuntimeSearch {
  /** Languages that are wanted; only these are probed. */
  readonly names: readonly RuntimeName[];
  /** Variable (`FN_PYTHON_BIN`) → program, for those that are set. */
  readonly overrides: ReadonlyMap<string, string>;
  readonly environment: Environment;
  readonly cwd: string;
  /** The Node that runs us and our Node workers. */
  readonly node: { readonly path: string; readonly version: string };
}

export interface FoundRuntimes {
  readonly adapters: ReadonlyMap<RuntimeName, RuntimeAdapter>;
  readonly faults: readonly ConfigFault[];
}

/** Probes all wanted languages side by side; each probe ends within 5 s. */
export async function findRuntimes(search: RuntimeSearch): Promise<FoundRuntimes> {
  const found = await Promise.all(search.names.map((name) => findRuntime(name, runtimeRows[name], search)));
  return {
    adapters: new Map(found.map(({ adapter }) => [adapter.name, adapter])),
    faults: found.flatMap(({ faults }) => faults),
  };
}

/** What a program of the host is, with its override considered. */
export function probe(
  program: HostProgram,
  search: Omit<RuntimeSearch, 'names' | 'node'>,
): Promise<HostProgramState> {
  const override = search.overrides.get(program.variable) ?? null;
  return findHostProgram(program, { override, environment: search.environment, cwd: search.cwd });
}

async function findRuntime(name: RuntimeName, row: RuntimeRow, search: RuntimeSearch) {
  const faults: ConfigFault[] = [];
  const checked = async (program: HostProgram): Promise<HostProgramState> => {
    const state = await probe(program, search);
    const override = search.overrides.get(program.variable);
    if (!state.found && override !== undefined) faults.push(overrideFault(program, override, state.reason));
    return state;
  };
  // Tools are not probed unless an override asks for it: most functions never need them. What comes with the language
  // itself, as pip with Python, has no override of its own.
  const isOwn = (tool: HostProgram) => tool.variable !== row.host?.variable;
  const tools = row.tools.filter((tool) => isOwn(tool) && search.overrides.has(tool.variable));
  const wanted = row.host !== null && (row.program !== null || search.overrides.has(row.host.variable));
  const [host] = await Promise.all([
    wanted && row.host !== null ? checked(row.host) : null,
    ...tools.map(checked),
  ]);
  return { adapter: toAdapter(name, row, host ?? null, search.node), faults };
}

function overrideFault(program: HostProgram, value: string, reason: string): ConfigFault {
  const oldest = program.minimum === null ? '' : `, ${program.minimum.replace(/(\.0)+$/, '')} or newer`;
  return {
    file: 'environment',
    key: program.variable,
    found: JSON.stringify(value),
    accepted: `a ${program.label} program${oldest}`,
    severity: 'error',
    message: `${program.label} override ${program.variable}="${value}" is invalid: ${reason}`,
  };
}

function toAdapter(
  name: RuntimeName,
  row: RuntimeRow,
  host: HostProgramState | null,
  node: RuntimeSearch['node'],
): RuntimeAdapter {
  const { interpreterArgs, strictArgs = [], sealed = false } = row;
  const nodeHosted = row.host === null && row.program !== null;
  const base = { name, interpreterArgs, strictArgs, program: row.program ?? '', nodeHosted, sealed };
  const unavailable = { available: false, interpreter: '', version: '', readable: [] };
  if (row.program === null)
    return { ...base, ...unavailable, reason: 'its worker is not part of this version' };
  if (row.host === null) {
    return {
      ...base,
      available: true,
      reason: null,
      interpreter: node.path,
      version: node.version,
      readable: [],
    };
  }
  if (host === null || !host.found) {
    const reason = host === null ? 'not found' : host.reason;
    return { ...base, ...unavailable, reason: `${row.host.label} ${reason}; ${row.host.hint}` };
  }
  const { path: interpreter, version, readable } = host;
  return { ...base, available: true, reason: null, interpreter, version, readable };
}
