// Compiles a catalog into a router: exact paths by map, dynamic ones by index, and for each request the one answer that
// contract/routing.md 8 asks for. A router never changes; a reload makes a new one.

import type { HttpMethod } from '../policy/function-policy.ts';
import { type HostList, hostAllowed, hostName } from '../policy/host-list.ts';
import { unionOfMethods } from '../policy/methods.ts';
import type { Catalog, FunctionUnit, Route, RouteMatch, RouteQuery, Router } from './catalog.ts';
import { parseRequestPath, type RequestPath } from './request-path.ts';
import { isReservedPath } from './reserved-path.ts';
import { indexRoutes, type RouteIndex } from './route-index.ts';
import { type ParameterReader, readerFor } from './route-parameters.ts';
import { isDynamicSegment, routeShape } from './route-pattern.ts';
import { compareShapes } from './shape-order.ts';

interface Candidate {
  readonly methods: readonly HttpMethod[];
  readonly hosts: HostList;
  readonly route: Route;
  readonly unit: FunctionUnit;
  readonly params: ParameterReader;
}

/** All routes of one shape, in the order in which they are tried. */
interface Shape {
  readonly pattern: string;
  /** Position among dynamic shapes; 0 for static ones. */
  order: number;
  readonly candidates: Candidate[];
  readonly conflicts: { readonly methods: readonly HttpMethod[]; readonly hosts: HostList }[];
}

type GoodPath = Extract<RequestPath, { kind: 'ok' }>;

const notFound: RouteMatch = Object.freeze({ kind: 'not_found' });
const hostNotAllowed: RouteMatch = Object.freeze({ kind: 'host_not_allowed' });
const noParams: Readonly<Record<string, string>> = Object.freeze({});

export function compileRouter(catalog: Catalog): Router {
  const shapes = shapesOf(catalog);
  const isDynamic = (shape: Shape): boolean => shape.pattern.split('/').some(isDynamicSegment);
  const dynamic = [...shapes.values()].filter(isDynamic).sort((a, b) => compareShapes(a.pattern, b.pattern));
  for (const [order, shape] of dynamic.entries()) shape.order = order;
  const statics = new Map([...shapes].filter(([, shape]) => !isDynamic(shape)));
  const index = indexRoutes(dynamic.map((shape) => ({ pattern: shape.pattern, value: shape })));
  const versions = versionsOf(catalog);
  return new CompiledRouter(statics, index, versions);
}

function shapesOf(catalog: Catalog): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  const shapeFor = (pattern: string): Shape => {
    const key = routeShape(pattern);
    const shape = shapes.get(key) ?? { pattern, order: 0, candidates: [], conflicts: [] };
    shapes.set(key, shape);
    return shape;
  };
  for (const route of catalog.routes) {
    const unit = catalog.functions.get(route.functionKey);
    if (unit === undefined) continue;
    const { methods, hosts, pattern } = route;
    shapeFor(pattern).candidates.push({ methods, hosts, route, unit, params: readerFor(pattern) });
  }
  for (const { pattern, methods, hosts } of catalog.conflicts)
    shapeFor(pattern).conflicts.push({ methods, hosts });
  return shapes;
}

function versionsOf(catalog: Catalog): ReadonlyMap<string, FunctionUnit> {
  const versions = new Map<string, FunctionUnit>();
  for (const [path, key] of catalog.versions ?? []) {
    const unit = catalog.functions.get(key);
    if (unit !== undefined) versions.set(`/${path}`, unit);
  }
  return versions;
}

class CompiledRouter implements Router {
  readonly #statics: ReadonlyMap<string, Shape>;
  readonly #index: RouteIndex<Shape>;
  readonly #versions: ReadonlyMap<string, FunctionUnit>;
  /** Reused by every match: matching is synchronous, and a router serves one thread. */
  readonly #found: Shape[] = [];

  constructor(
    statics: ReadonlyMap<string, Shape>,
    index: RouteIndex<Shape>,
    versions: ReadonlyMap<string, FunctionUnit>,
  ) {
    this.#statics = statics;
    this.#index = index;
    this.#versions = versions;
  }

  match(query: RouteQuery): RouteMatch {
    const path = parseRequestPath(query.rawPath);
    if (path.kind === 'bad') return { kind: 'bad_path', reason: path.reason };
    if (path.kind === 'none' || path.segments.length === 0) return notFound;
    const host = hostName(query.host);
    const exact = path.key === null ? undefined : this.#statics.get(path.key);
    const hit =
      exact === undefined ? null : (conflictIn(exact, query, host) ?? hitIn(exact, query, host, path));
    if (hit !== null) return hit;
    const dynamic = this.#dynamicShapes(query, path);
    for (const shape of dynamic) {
      const conflict = conflictIn(shape, query, host);
      if (conflict !== null) return conflict;
    }
    for (const shape of dynamic) {
      const found = hitIn(shape, query, host, path);
      if (found !== null) return found;
    }
    return (
      missed(exact === undefined ? dynamic : [exact, ...dynamic], query, host) ??
      this.#version(path, query, host)
    );
  }

  /** Best first. The array is the router's own and valid until the next call. */
  #dynamicShapes(query: RouteQuery, path: GoodPath): readonly Shape[] {
    const found = this.#found;
    found.length = 0;
    // A catch-all at the root must not answer for the control plane, however its path is written.
    if (this.#index.open && isReservedPath(query.rawPath)) return found;
    this.#index.find(path.segments, found);
    if (found.length > 1) found.sort((a, b) => a.order - b.order);
    return found;
  }

  #version(path: GoodPath, query: RouteQuery, host: string): RouteMatch {
    const unit = path.key === null ? undefined : this.#versions.get(path.key);
    if (unit === undefined) return notFound;
    const { methods, allowHosts } = unit.policy;
    if (!hostAllowed(allowHosts, host)) return hostNotAllowed;
    if (serves(methods, query.method)) return { kind: 'found', unit, route: null, params: noParams };
    return {
      kind: query.method === 'OPTIONS' ? 'options' : 'method_not_allowed',
      allow: unionOfMethods([methods]),
    };
  }
}

/** HEAD is GET; whoever answers leaves out the body. */
function serves(methods: readonly HttpMethod[], method: string): boolean {
  return (methods as readonly string[]).includes(method === 'HEAD' ? 'GET' : method);
}

function conflictIn(shape: Shape, query: RouteQuery, host: string): RouteMatch | null {
  for (const { methods, hosts } of shape.conflicts) {
    if (serves(methods, query.method) && hostAllowed(hosts, host)) {
      return { kind: 'conflict', pattern: shape.pattern };
    }
  }
  return null;
}

function hitIn(shape: Shape, query: RouteQuery, host: string, path: GoodPath): RouteMatch | null {
  for (const { methods, hosts, unit, route, params } of shape.candidates) {
    if (serves(methods, query.method) && hostAllowed(hosts, host)) {
      return { kind: 'found', unit, route, params: params === null ? noParams : params(path.segments) };
    }
  }
  return null;
}

/** The path is known, but not like this: 405 when this host knows it, 421 when only other hosts do. */
function missed(shapes: readonly Shape[], query: RouteQuery, host: string): RouteMatch | null {
  const candidates = shapes.flatMap((shape) => shape.candidates);
  if (candidates.length === 0) return null;
  const here = candidates.filter((candidate) => hostAllowed(candidate.hosts, host));
  if (here.length === 0) return hostNotAllowed;
  const allow = unionOfMethods(here.map((candidate) => candidate.methods));
  return { kind: query.method === 'OPTIONS' ? 'options' : 'method_not_allowed', allow };
}
