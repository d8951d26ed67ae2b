// The OpenAPI 3.1 document of what is served: a pure function of the catalog. Promises a valid document for any tree: each
// path once, each operationId once. Source: contract/assets-home-openapi.md C.

import type { Catalog, Route } from '../../discovery/catalog.ts';
import type { FunctionDocs } from '../../discovery/function-docs.ts';
import { isCatchAll } from '../../discovery/route-pattern.ts';
import type { HttpMethod } from '../../policy/function-policy.ts';
import type { AccessRow } from '../access-row.ts';
import { internalPaths, securitySchemes } from './internal-paths.ts';
import { operation } from './operation.ts';
import type { OperationFacts } from './operation-facts.ts';
import { deeperTemplateOf, type PathParameter, type PathTemplate, templateOf } from './path-template.ts';
import { type Json, type SchemaNames, schemaParts } from './schema-parts.ts';

export interface DocumentOptions {
  /** Where the API is; `/` stands for wherever the document came from. */
  readonly serverUrl: string;
  /** Rows of the control plane that are shown; empty = none. */
  readonly internal: readonly AccessRow[];
  /** By function key: what config and source say for readers. */
  readonly docsOf: (functionKey: string) => FunctionDocs;
}

const errorSchema: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: { type: 'string' },
    code: { type: 'string' },
    request_id: { type: 'string' },
  },
};

export function openApiDocument(catalog: Catalog, options: DocumentOptions): Json {
  const parts = schemaParts(catalog.functions.values());
  const paths = functionPaths(catalog, options, parts.names);
  const isInternal = options.internal.length > 0;
  for (const [path, item] of internalPaths(options.internal)) paths.set(path, item);
  const sorted = [...paths].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    openapi: '3.1.0',
    info: {
      title: 'fastfn API',
      version: '1.0.0',
      description: 'Generated from the functions that are served.',
    },
    servers: [{ url: options.serverUrl }],
    tags: [{ name: 'functions' }, ...(isInternal ? [{ name: 'internal' }] : [])],
    paths: Object.fromEntries(sorted),
    components: {
      schemas: { Error: errorSchema, ...parts.schemas },
      ...(isInternal ? { securitySchemes } : {}),
    },
  };
}

type PathItem = Record<string, Json>;

/** What has been given out so far. */
interface Taken {
  /** Path item and parameters by shape. */
  readonly shapes: Map<string, { readonly item: PathItem; readonly parameters: readonly PathParameter[] }>;
  readonly paths: Map<string, PathItem>;
  readonly operationIds: Set<string>;
}

/** Of two claims to one method of one path the one that answers is shown: the catch-all only answers what is left. */
function functionPaths(
  catalog: Catalog,
  { docsOf }: DocumentOptions,
  names: SchemaNames,
): Map<string, PathItem> {
  const taken: Taken = { shapes: new Map(), paths: new Map(), operationIds: new Set() };
  const versions = Map.groupBy(catalog.versions ?? [], ([path]) => path.slice(0, path.lastIndexOf('@')));
  const [wide, narrow] = [true, false].map((is) =>
    catalog.routes.filter(({ pattern }) => pattern.split('/').some(isCatchAll) === is),
  );
  for (const route of [...(narrow ?? []), ...(wide ?? [])]) {
    const unit = catalog.functions.get(route.functionKey);
    if (unit === undefined) continue;
    const shown = unit.kind === 'named' && unit.version === 'default' ? (versions.get(unit.name) ?? []) : [];
    const common = {
      ...{ unit, names, docs: docsOf(unit.key) },
      versions: shown.map(([path]) => `/${path}`),
    };
    for (const method of route.methods) {
      if (!unit.policy.methods.includes(method) || isInConflict(catalog, route, method)) continue;
      place({ ...common, method }, route.pattern, taken);
    }
  }
  return taken.paths;
}

function isInConflict(catalog: Catalog, route: Route, method: HttpMethod): boolean {
  return catalog.conflicts.some(
    ({ methods, hosts, claimants }) =>
      methods.includes(method) &&
      (hosts === null || route.hosts !== null) &&
      claimants.some(
        ({ functionKey, source }) => functionKey === route.functionKey && source === route.source,
      ),
  );
}

function place(facts: Omit<OperationFacts, 'template'>, pattern: string, taken: Taken): void {
  const verb = facts.method.toLowerCase();
  const template = templateOf(pattern);
  const known = taken.shapes.get(template.shape);
  const isDeeper = known !== undefined && Object.hasOwn(known.item, verb) && endsInCatchAll(template);
  const make = isDeeper ? deeperTemplateOf : templateOf;
  const used = make(pattern, taken.shapes.get(make(pattern).shape)?.parameters);
  const { item } = entryOf(used, taken);
  if (Object.hasOwn(item, verb)) return;
  item[verb] = operation({ ...facts, template: used }, freeId(`${verb}${used.path}`, taken.operationIds));
}

function endsInCatchAll({ parameters, path }: PathTemplate): boolean {
  return parameters.at(-1)?.catchAll === true && path.endsWith('}');
}

function entryOf(template: PathTemplate, taken: Taken): { readonly item: PathItem } {
  const known = taken.shapes.get(template.shape);
  if (known !== undefined) return known;
  const entry = { item: {}, parameters: template.parameters };
  taken.shapes.set(template.shape, entry);
  taken.paths.set(template.path, entry.item);
  return entry;
}

/** Made of method and path; `a-b` and `a_b` get different ones. */
function freeId(text: string, taken: Set<string>): string {
  const wanted = text.replace(/[^A-Za-z0-9_]+/g, '_').replace(/_$/, '');
  let id = wanted;
  for (let count = 2; taken.has(id); count++) id = `${wanted}_${count}`;
  taken.add(id);
  return id;
}
