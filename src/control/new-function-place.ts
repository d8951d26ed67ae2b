// Where a function that is made over HTTP goes, and what its files hold. Plans only: nothing is written here.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../discovery/catalog.ts';
import { isObject } from '../discovery/checked-document.ts';
import { isVersionName } from '../discovery/entry-file.ts';
import { runtimeOfFile } from '../discovery/file-name.ts';
import { parseRoutePattern } from '../discovery/route-pattern.ts';
import { isRuntimeName, type RuntimeName } from '../policy/runtime-name.ts';
import type { ControlCall } from './access-row.ts';
import { badRequest } from './bad-request.ts';
import { editConfig } from './function-config-edit.ts';
import { isTargetName, isTargetVersion } from './function-target.ts';
import { initTemplates } from './function-templates.ts';

type Json = Readonly<Record<string, unknown>>;

export interface NewFunction {
  readonly key: string;
  /** Absolute; made where it is missing. */
  readonly folder: string;
  /** Base name → text, in the order in which they are written. */
  readonly files: Readonly<Record<string, string>>;
}

/** Of the entry names that discovery knows, those of one language; the first is the default. */
const entryExtensions: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: ['js', 'ts'],
  python: ['py'],
  php: ['php'],
  lua: ['lua'],
  rust: ['rs'],
  go: ['go'],
};
const entryStems = ['handler', 'main', 'index'] as const;
const maxCodeBytes = 2 * 1_048_576;

/** @throws GatewayError bad_request with the contract's text (contract/control-plane.md 6.2) */
export function planFunction(catalog: Catalog, query: ControlCall['query'], body: Json): NewFunction {
  const { runtime = '', name = '', version = '' } = query;
  if (!isRuntimeName(runtime))
    throw badRequest(/^[a-zA-Z0-9_/-]+$/.test(runtime) ? 'unknown runtime' : 'invalid runtime');
  if (!isTargetName(name) || name.length > 200) throw badRequest('invalid function name');
  if (version !== '' && !(isTargetVersion(version) && isVersionName(version)))
    throw badRequest('invalid version');
  const code = String(body['code'] ?? '');
  if (Buffer.byteLength(code) > maxCodeBytes) throw badRequest('code exceeds maximum size');
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (base.includes('.')) return planFile(catalog, runtime, name, version, body);
  if (parseRoutePattern(`/${name}`).kind !== 'ok') throw badRequest('invalid function name');
  return planNamed(catalog, { runtime, name, version }, body);
}

/** One file is the function; its name says route and method. */
function planFile(
  catalog: Catalog,
  runtime: RuntimeName,
  name: string,
  version: string,
  body: Json,
): NewFunction {
  if (version !== '') throw badRequest('version not supported for file targets');
  if (runtimeOfFile(name) !== runtime) throw badRequest('runtime mismatch for function file');
  const other = Object.keys(body).find((key) => key !== 'code');
  if (other !== undefined)
    throw badRequest(`${other} does not apply to a file: its name says route and method`);
  const at = name.lastIndexOf('/');
  const file = name.slice(at + 1);
  return {
    key: `${runtime}/${name}@default`,
    folder: at === -1 ? catalog.root : join(catalog.root, name.slice(0, at)),
    files: { [file]: codeOf(body, runtime, file) },
  };
}

interface Named {
  readonly runtime: RuntimeName;
  readonly name: string;
  readonly version: string;
}

function planNamed(catalog: Catalog, { runtime, name, version }: Named, body: Json): NewFunction {
  const file = fileNameOf(body, runtime);
  const { folder, isGrouped } = placeOf(catalog, runtime, name);
  const identity = isGrouped || version !== '' ? {} : { runtime, name };
  const config = editConfig(identity, invokePatch(body, version));
  return {
    key: `${runtime}/${name}@${version === '' ? 'default' : version}`,
    folder: version === '' ? folder : join(folder, version),
    files: { 'fn.config.json': `${JSON.stringify(config, null, 2)}\n`, [file]: codeOf(body, runtime, file) },
  };
}

/**
 * `<root>/<runtime>/<name>`, except where such a folder would switch languages off that are in use: without FN_RUNTIMES the
 * language folders of the root say which are on (contract/routing.md 1). Then `<root>/<name>`, which says its language itself.
 */
function placeOf(
  catalog: Catalog,
  runtime: RuntimeName,
  name: string,
): { readonly folder: string; readonly isGrouped: boolean } {
  const { root, functions } = catalog;
  const present = [...functions.values()].find((unit) => unit.runtime === runtime && unit.name === name);
  if (present?.kind === 'named') {
    const isVersion = present.version !== 'default';
    const folder = isVersion ? join(present.home, '..') : present.home;
    return { folder, isGrouped: folder.startsWith(join(root, runtime, '/')) };
  }
  const others = new Set(
    [...functions.values()].map((unit) => unit.runtime).filter((each) => each !== runtime),
  );
  const isGrouped =
    existsSync(join(root, runtime)) || [...others].every((each) => existsSync(join(root, each)));
  return { folder: isGrouped ? join(root, runtime, name) : join(root, name), isGrouped };
}

function invokePatch(body: Json, version: string): Json {
  const { methods, summary, query_example: query, body_example: example, route, routes } = body;
  const invoke = {
    summary: typeof summary === 'string' ? summary : 'Generated function',
    ...(version !== '' && methods === undefined ? {} : { methods: methods ?? ['GET'] }),
    ...(isObject(query) ? { query } : {}),
    ...(example === undefined || example === null ? {} : { body: example }),
    ...(routes === undefined && route === undefined ? {} : { routes: routes ?? route }),
  };
  return { invoke };
}

function fileNameOf(body: Json, runtime: RuntimeName): string {
  const names = entryStems.flatMap((stem) =>
    entryExtensions[runtime].map((extension) => `${stem}.${extension}`),
  );
  const wanted = String(body['filename'] ?? names[0]);
  if (!names.includes(wanted)) throw badRequest('invalid filename for runtime');
  return wanted;
}

function codeOf(body: Json, runtime: RuntimeName, file: string): string {
  const code = String(body['code'] ?? '');
  if (code !== '') return code;
  const template = initTemplates[file.endsWith('.ts') ? 'typescript' : runtime];
  const files: Readonly<Record<string, string>> = template.files('');
  return Object.entries(files).find(([name]) => name.startsWith('handler.'))?.[1] ?? '';
}
