// The control plane's own endpoints as OpenAPI paths, made from its access table; shown where the operator wants it.

import type { AccessRow } from '../access-row.ts';
import { failure } from './operation.ts';
import { templateOf } from './path-template.ts';
import type { Json } from './schema-parts.ts';

/** How one can show who one is; a caller on the gateway's own host needs none of them unless a login is asked for. */
export const securitySchemes: Json = {
  adminToken: { type: 'apiKey', in: 'header', name: 'x-fn-admin-token' },
  bearer: { type: 'http', scheme: 'bearer' },
  session: { type: 'apiKey', in: 'cookie', name: 'fastfn_session' },
};

const credentials = [{ adminToken: [] }, { bearer: [] }, { session: [] }, {}];

export function internalPaths(rows: readonly AccessRow[]): Map<string, Record<string, Json>> {
  const paths = new Map<string, Record<string, Json>>();
  for (const row of rows) {
    const { path } = templateOf(row.path);
    const item = paths.get(path) ?? {};
    item[row.method.toLowerCase()] = internalOperation(row);
    paths.set(path, item);
  }
  return paths;
}

function internalOperation(row: AccessRow): Json {
  const { parameters } = templateOf(row.path);
  const query = Object.entries(row.query ?? {}).map(([name, schema]) => ({
    ...{ name, in: 'query', required: false, schema: publicSchema(schema) },
  }));
  const path = parameters.map(({ name }) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }));
  const thing = row.path.replace(/^\/_fn\//, '').replace(/[^A-Za-z0-9]+/g, '_');
  const isOpen = row.access === 'open' || row.access === 'docs';
  return {
    tags: ['internal'],
    summary: row.summary,
    operationId: `internal_${thing}_${row.method.toLowerCase()}`,
    ...(query.length + path.length === 0 ? {} : { parameters: [...path, ...query] }),
    ...(row.body === undefined
      ? {}
      : {
          requestBody: {
            required: row.body.optional !== true,
            content: { 'application/json': { schema: publicSchema(row.body.schema) } },
          },
        }),
    responses: {
      '2XX': { description: 'Done' },
      ...(isOpen ? {} : { '401': failure('A login is needed'), '403': failure('Not allowed') }),
      '404': failure('No such thing, or switched off'),
      default: failure('What is wrong'),
    },
    security: isOpen ? [] : credentials,
  };
}

/** `accepted` and `refusal` are words for error messages. */
function publicSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(publicSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => typeof value === 'object' || (key !== 'accepted' && key !== 'refusal'))
      .map(([key, value]) => [key, publicSchema(value)]),
  );
}
