// One function as an answer: names, paths, policy, masked environment, metadata and, where asked for, its code.

import type { FunctionUnit } from '../discovery/catalog.ts';
import { isObject } from '../discovery/checked-document.ts';
import { GatewayError } from '../errors.ts';
import type { ControlCall } from './access-row.ts';
import { describePolicy } from './catalog-report.ts';
import type { ControlDeps } from './control-deps.ts';
import { maskEnv } from './function-env-edit.ts';
import { functionMetadata, pathsOf } from './function-report.ts';
import { configPathOf, envPathOf, namesOf } from './function-target.ts';
import { serverUrl } from './openapi/server-url.ts';
import { readTreeFile } from './tree-file.ts';

type Json = Readonly<Record<string, unknown>>;

/** As large as discovery reads them. */
const maxDocumentBytes = 262_144;
/** Of code in an answer and in a call. */
export const maxCodeBytes = 2 * 1_048_576;
const maxEntryBytes = 64 * 1_048_576;

/** Text of a JSON file of the tree and its object; `{}` where there is no file. */
export interface TreeDocument {
  readonly bytes: Buffer | null;
  readonly value: Json;
}

/** @throws GatewayError bad_request when there is a file that is no JSON object */
export async function readDocument(path: string): Promise<TreeDocument> {
  const bytes = await readTreeFile(path, maxDocumentBytes);
  return { bytes, value: parseDocument(bytes, path) };
}

/** @throws GatewayError bad_request when it is no JSON object */
export function parseDocument(bytes: Buffer | null, path: string): Json {
  if (bytes === null) return {};
  const value = parseObject(bytes.toString('utf8'));
  if (value !== null) return value;
  const name = path.slice(path.lastIndexOf('/') + 1);
  throw new GatewayError('bad_request', { text: `${name} is not a JSON object: correct the file itself` });
}

function parseObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** What reports show of a file that cannot be read: nothing. */
async function readForReport(path: string): Promise<Json> {
  try {
    return (await readDocument(path)).value;
  } catch {
    return {};
  }
}

/** Everything but code. */
export async function functionView(deps: ControlDeps, unit: FunctionUnit, call: ControlCall): Promise<Json> {
  const catalog = deps.catalog();
  const [config, env] = await Promise.all([
    readForReport(configPathOf(unit)),
    readForReport(envPathOf(unit)),
  ]);
  const baseUrl = serverUrl(call.request.raw, deps).replace(/\/+$/, '');
  const dependencies = deps.builds?.stateFileOf(unit.key) ?? null;
  const upkeep = {
    autoInstall: deps.builds?.installs(unit.runtime) ?? false,
    hotReload: deps.health.hotReload().enabled,
  };
  const health = deps.health.runtimes().find((runtime) => runtime.name === unit.runtime);
  return {
    ...namesOf(unit),
    ...pathsOf(unit),
    policy: describePolicy(unit, catalog),
    fn_env: maskEnv(env),
    runtime_health: health === undefined ? { up: false } : { up: health.up, ts: health.checkedAt / 1000 },
    metadata: await functionMetadata({ unit, catalog, config, env, dependencies, upkeep, baseUrl }),
    ...(deps.builds === undefined ? {} : { build: deps.builds.reportOf(unit) }),
    ...(unit.refused === null ? {} : { refused: unit.refused }),
  };
}

/** @returns the file itself beside what an answer shows of it */
export async function readCode(
  unit: FunctionUnit,
): Promise<{ readonly bytes: Buffer; readonly code: string; readonly code_truncated: boolean }> {
  const bytes = await readTreeFile(unit.entry, maxEntryBytes);
  if (bytes === null) throw new GatewayError('not_found', { text: 'function code not found' });
  return {
    bytes,
    code: bytes.toString('utf8', 0, maxCodeBytes),
    code_truncated: bytes.length > maxCodeBytes,
  };
}
