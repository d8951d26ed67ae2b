// One function as the control plane shows it (contract/control-plane.md 6.1): where it is, what holds it, how to call it, what
// its folder says of dependencies. Reads bounded files only, and shows names of variables, never their values.

import { join } from 'node:path';
import type { DependencyState } from '../build/state-file.ts';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { isObject } from '../discovery/checked-document.ts';
import type { FunctionDocs } from '../discovery/function-docs.ts';
import { readSourceHints } from '../discovery/source-hints.ts';
import { routePatternsOf } from './catalog-report.ts';
import { dependencyReport, type Upkeep } from './dependency-report.ts';
import { configPathOf, namesOf } from './function-target.ts';

type Json = Readonly<Record<string, unknown>>;

export interface FunctionFacts {
  readonly unit: FunctionUnit;
  readonly catalog: Catalog;
  /** Parsed `fn.config.json`; `{}` where there is none. */
  readonly config: Json;
  /** Parsed `fn.env.json`; `{}` where there is none. */
  readonly env: Json;
  /** What its state file says; null: nothing was ever to be installed. */
  readonly dependencies: DependencyState | null;
  readonly upkeep: Upkeep;
  /** Where the caller reaches the gateway, without a slash at the end. */
  readonly baseUrl: string;
}

/** Everything of §6.1 that is no path and no code. */
export async function functionMetadata(facts: FunctionFacts): Promise<Record<string, unknown>> {
  const { unit, catalog, config, env } = facts;
  const { policy } = unit;
  const isOn = (block: unknown, key: string): boolean => isObject(block) && block[key] === true;
  return {
    handler_file: unit.entry.slice(unit.home.length + 1),
    response: {
      include_debug_headers:
        isOn(config, 'include_debug_headers') || isOn(config['response'], 'include_debug_headers'),
      effective_include_debug_headers: policy.includeDebugHeaders,
    },
    schedule: isObject(config['schedule']) ? { configured: config['schedule'] } : {},
    env: { exists: unit.envFile !== null, keys: Object.keys(env).filter((key) => key !== '$schema') },
    shared_deps: {
      packs_root: join(catalog.root, '.fastfn', 'packs'),
      configured: listOf(config['shared_deps']),
    },
    ...(policy.group === null ? {} : { group: policy.group }),
    endpoints: endpointsOf(facts),
    invoke: invokeOf(facts),
    ...(await dependencyReport(unit, facts.dependencies, facts.upkeep)),
  };
}

function endpointsOf({ unit, catalog, baseUrl }: FunctionFacts): Record<string, unknown> {
  const routes = routePatternsOf(unit, catalog);
  const target = new URLSearchParams(namesOf(unit)).toString();
  const [preferred = null] = routes;
  return {
    public_route: preferred,
    mapped_routes: routes,
    public_routes: routes,
    public_urls: routes.map((route) => baseUrl + route),
    preferred_public_route: preferred,
    preferred_public_url: preferred === null ? null : baseUrl + preferred,
    invoke_api: `${baseUrl}/_fn/invoke`,
    function_detail_api: `${baseUrl}/_fn/function?${target}`,
    config_api: `${baseUrl}/_fn/function-config?${target}`,
    env_api: `${baseUrl}/_fn/function-env?${target}`,
  };
}

function invokeOf(facts: FunctionFacts): Record<string, unknown> {
  const { unit, catalog, config, baseUrl } = facts;
  const docs = docsOf(unit);
  const query = docs.query ?? {};
  const block = isObject(config['invoke']) ? config['invoke'] : {};
  const { methods, allowHosts, handler } = unit.policy;
  const routes = routePatternsOf(unit, catalog);
  const method = methods.find((each) => each === docs.defaultMethod) ?? methods[0] ?? 'GET';
  const route = routes[0] ?? null;
  const example = route === null ? null : exampleOf(route, query);
  return {
    ...(docs.summary === undefined ? {} : { summary: docs.summary }),
    methods,
    default_method: method,
    handler,
    query_example: query,
    body_example: docs.body ?? null,
    ...(docs.contentType === undefined ? {} : { content_type: docs.contentType }),
    route,
    canonical_route: route,
    ...(allowHosts === null ? {} : { allow_hosts: allowHosts }),
    public_routes: routes,
    full_route_example: example,
    curl_get_example: example === null ? null : `curl '${baseUrl}${example}'`,
    mapped_routes: listOf(block['routes']),
    mapped_public_routes: routes,
    effective_mapped_routes: routes,
    effective_public_routes: routes,
  };
}

/** What the config says beats what the source says. */
function docsOf(unit: FunctionUnit): FunctionDocs {
  return { ...readSourceHints(unit.entry), ...unit.docs };
}

/** A target that could be asked: parameters filled, example query behind. */
function exampleOf(route: string, query: Json): string {
  const path = route
    .split('/')
    .map((part) => (part === '*' || part.endsWith('*') ? 'example' : part.startsWith(':') ? '123' : part))
    .join('/');
  const pairs = Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]);
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

/** Paths of the function on this host, for the operator. */
export function pathsOf(unit: FunctionUnit): Record<string, string> {
  return { function_dir: unit.home, file_path: unit.entry, config_path: configPathOf(unit) };
}
