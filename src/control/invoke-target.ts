// Which function `POST /_fn/invoke` calls, and under which route: the caller's own, or the first one that leads to it, with its
// parameters filled in. Source: contract/control-plane.md 8.

import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { isCatchAll, isDynamicSegment, parseRoutePattern } from '../discovery/route-pattern.ts';
import { GatewayError } from '../errors.ts';
import type { HttpMethod } from '../policy/function-policy.ts';
import { isRuntimeName } from '../policy/runtime-name.ts';

type Params = Readonly<Record<string, unknown>>;

/** @throws GatewayError not_found, bad_request */
export function invokedUnit(
  catalog: Catalog,
  name: string,
  runtime: string | undefined,
  version: string | undefined,
): FunctionUnit {
  const wanted = version === undefined || version === '' ? 'default' : version;
  const named = [...catalog.functions.values()].filter((unit) => unit.name === name);
  const found = named.filter((unit) => unit.version === wanted);
  if (runtime === undefined) {
    const inOrder = found.sort((a, b) => rank(catalog, a) - rank(catalog, b));
    const [first] = inOrder;
    if (first === undefined) throw notFound('unknown function or version');
    return first;
  }
  const unit = found.find((each) => each.runtime === runtime);
  if (unit !== undefined) return unit;
  const ofRuntime = named.filter((each) => each.runtime === runtime);
  if (ofRuntime.length > 0) {
    throw notFound(wanted === 'default' ? 'default version not available' : 'unknown version');
  }
  throw notFound(
    isRuntimeName(runtime) && catalog.runtimes.includes(runtime) ? 'unknown function' : 'unknown runtime',
  );
}

function rank({ runtimes }: Catalog, { runtime }: FunctionUnit): number {
  const index = runtimes.indexOf(runtime);
  return index === -1 ? runtimes.length : index;
}

export interface InvokedRoute {
  readonly template: string;
  /** As it would stand in a request line, without the query. */
  readonly rawPath: string;
  readonly params: Readonly<Record<string, string>>;
  /** Names of parameters that the call does not say; nothing else can be used then. */
  readonly missing: readonly string[];
}

/**
 * @param route template of the function, or a path; undefined: the first of its templates in alphabetical order
 * @throws GatewayError bad_request, not_found
 */
export function invokedRoute(
  catalog: Catalog,
  unit: FunctionUnit,
  call: { readonly method: HttpMethod; readonly route: string | undefined; readonly params: Params },
): InvokedRoute {
  const own = catalog.routes.filter(
    (each) => each.functionKey === unit.key && each.methods.includes(call.method),
  );
  const templates = [...new Set(own.map(({ pattern }) => pattern))].sort();
  const template = call.route === undefined ? firstTemplate(templates, unit) : checkedRoute(call.route);
  return pathOf(templates, template) ?? { template, ...fill(template, call.params) };
}

/** A path that one of the templates stands for; null where `route` is a template itself, or nobody's path. */
function pathOf(templates: readonly string[], route: string): InvokedRoute | null {
  if (templates.includes(route) || route.split('/').some(isDynamicSegment)) return null;
  for (const template of templates) {
    const params = paramsIn(template.split('/'), route.split('/'));
    if (params !== null) return { template, rawPath: encodeURI(route), params, missing: [] };
  }
  return null;
}

/** null: it does not match. A catch-all takes what is left. */
function paramsIn(template: readonly string[], path: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (const [index, segment] of template.entries()) {
    const name = segment === '*' ? 'wildcard' : segment.slice(1).replace(/\*$/, '');
    if (isCatchAll(segment)) return { ...params, [name]: path.slice(index).join('/') };
    if (isDynamicSegment(segment)) params[name] = path[index] ?? '';
    else if (segment !== path[index]) return null;
  }
  return template.length === path.length ? params : null;
}

function firstTemplate([first]: readonly string[], { name, version }: FunctionUnit): string {
  const canonical = parseRoutePattern(version === 'default' ? `/${name}` : `/${name}@${version}`);
  const template = first ?? (canonical.kind === 'ok' ? canonical.pattern : null);
  if (template === null) throw notFound('no mapped public route for target');
  return template;
}

function checkedRoute(route: string): string {
  const parsed = parseRoutePattern(route);
  if (parsed.kind !== 'ok') throw new GatewayError('bad_request', { text: 'invalid route' });
  return parsed.pattern;
}

function fill(template: string, params: Params): Omit<InvokedRoute, 'template'> {
  const values: Record<string, string> = {};
  const missing: string[] = [];
  let wildcards = 0;
  const segments = template.split('/').flatMap((segment) => {
    if (!isDynamicSegment(segment)) return [segment];
    if (segment === '*') wildcards += 1;
    const bare = wildcards > 1 ? `wildcard${wildcards}` : 'wildcard';
    const name = segment === '*' ? bare : segment.slice(1).replace(/\*$/, '');
    const value = textOf(params[name]);
    if (value === null) {
      missing.push(name);
      return [];
    }
    values[name] = value;
    return isCatchAll(segment) ? value.split('/').map(encodeURIComponent) : [encodeURIComponent(value)];
  });
  return { rawPath: segments.join('/') || '/', params: values, missing };
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function notFound(text: string): GatewayError {
  return new GatewayError('not_found', { text });
}
