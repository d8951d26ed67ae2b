// The catalog as `/_fn/catalog` shows it (contract/control-plane.md 5): routes with who claims them, functions by runtime.

import type { Catalog, FunctionUnit, Route } from '../discovery/catalog.ts';
import type { Deployment } from '../invocation/deployment.ts';
import type { ControlDeps } from './control-deps.ts';
import { describeState } from './function-state.ts';
import { describeRuntime } from './health-report.ts';
import { sandboxReport } from './sandbox-report.ts';

/** Every function of every language, for lists. */
export function functionList(deps: ControlDeps, nowEpochMs: number): unknown[] {
  const catalog = deps.catalog();
  const states = statesByKey(deps, nowEpochMs);
  const runtimes = [...new Set([...catalog.functions.values()].map((unit) => unit.runtime))].sort();
  return runtimes.flatMap((runtime) =>
    functionsOf(catalog, runtime, states).map((each) => ({ runtime, ...each })),
  );
}

/** Function → its state, with how its build stands. */
type StateOf = (unit: FunctionUnit) => Record<string, unknown>;

function statesByKey(deps: ControlDeps, nowEpochMs: number): StateOf {
  const deployments = new Map<string, Deployment>();
  for (const deployment of deps.deployments()) deployments.set(deployment.unit.key, deployment);
  return (unit) => {
    const deployment = deployments.get(unit.key);
    const state =
      deployment === undefined ? { key: unit.key, state: 'cold' } : describeState(deployment, nowEpochMs);
    return deps.builds === undefined ? state : { ...state, build: deps.builds.reportOf(unit) };
  };
}

export function catalogReport(deps: ControlDeps, nowEpochMs: number): Record<string, unknown> {
  const catalog = deps.catalog();
  const { defaults } = deps.health;
  const runtimes = deps.health.runtimes();
  const states = statesByKey(deps, nowEpochMs);
  return {
    generated_at: catalog.generatedAt / 1000,
    generation: catalog.generation,
    functions_root: catalog.root,
    defaults: {
      timeout_ms: defaults.timeoutMs,
      max_concurrency: defaults.maxConcurrency,
      max_body_bytes: defaults.maxBodyBytes,
    },
    runtime_order: runtimes.map((runtime) => runtime.name),
    mapped_routes: mappedRoutes(catalog),
    mapped_route_conflicts: Object.fromEntries(catalog.conflicts.map((conflict) => [conflict.pattern, true])),
    conflicts: catalog.conflicts.map(({ pattern, methods, hosts, claimants }) => ({
      route: pattern,
      methods,
      ...(hosts === null ? {} : { allow_hosts: hosts }),
      claimants: claimants.map(({ functionKey, source }) => ({ function: functionKey, source })),
    })),
    runtimes: Object.fromEntries(
      runtimes.map((runtime) => [
        runtime.name,
        {
          ...describeRuntime(runtime, defaults.timeoutMs),
          functions: functionsOf(catalog, runtime.name, states),
        },
      ]),
    ),
  };
}

function mappedRoutes(catalog: Catalog): Record<string, unknown[]> {
  const byPattern = Object.groupBy(catalog.routes, (route) => route.pattern);
  return Object.fromEntries(
    Object.entries(byPattern).map(([pattern, routes = []]) => [
      pattern,
      routes.map((route) => describeRoute(route, catalog.functions.get(route.functionKey))),
    ]),
  );
}

function describeRoute(route: Route, unit: FunctionUnit | undefined): Record<string, unknown> {
  return {
    runtime: unit?.runtime,
    fn_name: unit?.name,
    ...(unit === undefined || unit.version === 'default' ? {} : { version: unit.version }),
    methods: route.methods,
    source_rank: route.rank,
    ...(route.hosts === null ? {} : { allow_hosts: route.hosts }),
    force_url: route.forced,
  };
}

function functionsOf(catalog: Catalog, runtime: string, state: StateOf): Record<string, unknown>[] {
  const units = [...catalog.functions.values()].filter((unit) => unit.runtime === runtime);
  const byName = Object.groupBy(units, (unit) => unit.name);
  return Object.entries(byName).map(([name, versions = []]) => {
    const byDefault = versions.find((unit) => unit.version === 'default');
    const others = versions.filter((unit) => unit !== byDefault);
    return {
      name,
      has_default: byDefault !== undefined,
      versions: others.map((unit) => unit.version),
      ...(byDefault === undefined
        ? {}
        : { policy: describePolicy(byDefault, catalog), default_state: state(byDefault) }),
      versions_policy: Object.fromEntries(
        others.map((unit) => [unit.version, describePolicy(unit, catalog)]),
      ),
      versions_state: Object.fromEntries(others.map((unit) => [unit.version, state(unit)])),
    };
  });
}

/** Each once, in the order in which they are tried. */
export function routePatternsOf(unit: FunctionUnit, catalog: Catalog): string[] {
  const routes = catalog.routes.filter((route) => route.functionKey === unit.key);
  return [...new Set(routes.map((route) => route.pattern))];
}

export function describePolicy(unit: FunctionUnit, catalog: Catalog): Record<string, unknown> {
  const { policy } = unit;
  return {
    methods: policy.methods,
    routes: routePatternsOf(unit, catalog),
    timeout_ms: policy.timeoutMs,
    max_concurrency: policy.maxConcurrency,
    max_body_bytes: policy.maxBodyBytes,
    ...(policy.allowHosts === null ? {} : { allow_hosts: policy.allowHosts }),
    ...(policy.group === null ? {} : { group: policy.group }),
    sandbox: sandboxReport(policy),
  };
}
