import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { accessTable } from '../../../../src/control/access-table.ts';
import { openApiDocument } from '../../../../src/control/openapi/document.ts';
import type { Catalog } from '../../../../src/discovery/catalog.ts';
import { readSourceHints } from '../../../../src/discovery/source-hints.ts';
import { scan, scanTree, type TreeTable } from '../../discovery/tree-fixture.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is read as freely as its readers do
type Document = any;

async function documentOf(t: TestContext, files: TreeTable, internal = false): Promise<Document> {
  return documentOfCatalog(await scanTree(t, files), internal);
}

async function documentOfCatalog(catalog: Catalog, internal = false): Promise<Document> {
  const document = openApiDocument(catalog, {
    serverUrl: 'http://localhost:8080',
    internal: internal ? accessTable : [],
    docsOf: (key) => {
      const unit = catalog.functions.get(key);
      return unit === undefined ? {} : { ...readSourceHints(unit.entry), ...unit.docs };
    },
  });
  await accept(document);
  return JSON.parse(JSON.stringify(document));
}

/** Valid for a validator that is not ours, and unique where the schema of OpenAPI cannot say so. */
async function accept(document: Document): Promise<void> {
  const outcome = await new Validator().validate(structuredClone(document));
  assert.deepEqual(outcome.errors, undefined);
  assert.equal(outcome.valid, true);
  const items: Document[] = Object.values(document.paths);
  const ids = items.flatMap((item) => Object.values(item).map((each: Document) => each.operationId));
  assert.deepEqual([...new Set(ids)], ids);
  const shapes = Object.keys(document.paths).map((path) => path.replace(/\{[^}]*\}/g, '{}'));
  assert.deepEqual([...new Set(shapes)], shapes);
  for (const [path, item] of Object.entries<Document>(document.paths)) {
    const named = [...path.matchAll(/\{([^}]*)\}/g)].map((found) => found[1]);
    for (const each of Object.values<Document>(item)) {
      const listed = (each.parameters ?? []).filter((one: Document) => one.in === 'path');
      assert.deepEqual(
        listed.map((one: Document) => one.name),
        named,
        path,
      );
    }
  }
}

const handler = 'exports.handler = () => 1;';

test('openapi: an empty tree is a valid document', async (t) => {
  const document = await documentOf(t, {});
  assert.equal(document.openapi, '3.1.0');
  assert.deepEqual(document.paths, {});
  assert.deepEqual(document.tags, [{ name: 'functions' }]);
  assert.deepEqual(document.servers, [{ url: 'http://localhost:8080' }]);
});

test('openapi: a hint in a comment is the summary, a config beats it', async (t) => {
  const document = await documentOf(t, {
    'get.hello.js': `// @summary Hi\n// @query {"name":"World","n":2,"on":true,"x":{"a":1}}\n${handler}`,
    'team/fn.config.json': '{"runtime":"python","invoke":{"summary":"Ours","methods":["POST"]}}',
    'team/handler.py': '# @summary Theirs\ndef handler(e): return 1',
  });
  const hello = document.paths['/hello'].get;
  assert.equal(hello.summary, 'GET Hi');
  assert.deepEqual(hello.tags, ['functions']);
  assert.deepEqual(
    hello.parameters.map((each: Document) => [each.name, each.schema.type, each.example, each.required]),
    [
      ['n', 'integer', 2, false],
      ['name', 'string', 'World', false],
      ['on', 'boolean', true, false],
      ['x', 'string', '{"a":1}', false],
    ],
  );
  assert.equal(document.paths['/team'].post.summary, 'POST Ours');
  assert.deepEqual(Object.keys(document.paths['/team']), ['post']);
  assert.ok(document.paths['/team/{wildcard}'].post);
});

test('openapi: without metadata the summary says what runs', async (t) => {
  const document = await documentOf(t, { 'get.x.js': handler, 'node/greet/v2/handler.js': handler });
  assert.equal(document.paths['/x'].get.summary, 'GET invoke node/get.x.js');
  assert.equal(document.paths['/x'].get.operationId, 'get_x');
});

test('openapi: every kind of parameter becomes one that is required', async (t) => {
  const document = await documentOf(t, {
    'users/[id].js': handler,
    'files/[...path].js': handler,
    'f/fn.config.json':
      '{"runtime":"node","invoke":{"routes":["/a/:id/b/:id","/w/*/x/*"],"methods":["DELETE"]}}',
    'f/handler.js': handler,
  });
  assert.deepEqual(document.paths['/users/{id}'].get.parameters, [
    { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
  ]);
  assert.match(document.paths['/files/{path}'].get.parameters[0].description, /slashes may occur/);
  assert.ok(document.paths['/a/{id}/b/{id2}'].delete);
  assert.ok(document.paths['/w/{wildcard}/x/{wildcard2}'].delete);
});

test('openapi: routes of one shape are one path; the catch-all beside it is listed one level deeper', async (t) => {
  const document = await documentOf(t, {
    'users/get.[id].js': handler,
    'users/post.[name].js': handler,
    'users/[...id].js': handler,
  });
  assert.deepEqual(Object.keys(document.paths), ['/users/{id}', '/users/{id}/{rest}']);
  const item = document.paths['/users/{id}'];
  assert.deepEqual(Object.keys(item).sort(), ['get', 'post']);
  assert.equal(item.get.summary, 'GET invoke node/users/get.[id].js');
  assert.match(item.post.parameters[0].description, /The handler gets it as name/);
});

test('openapi: what answers 409 is not listed', async (t) => {
  const document = await documentOf(t, {
    'a/get.x.js': handler,
    'b/fn.config.json': '{"runtime":"node","invoke":{"routes":["/same"]}}',
    'b/handler.js': handler,
    'c/fn.config.json': '{"runtime":"node","invoke":{"routes":["/same"]}}',
    'c/handler.js': handler,
  });
  assert.deepEqual(Object.keys(document.paths), ['/a/x']);
});

test('openapi: bodies by schema, by example, or anything', async (t) => {
  const config = (invoke: object, more: object = {}) => JSON.stringify({ runtime: 'node', invoke, ...more });
  const post = { methods: ['POST'] };
  const document = await documentOf(t, {
    'json/fn.config.json': config({ ...post, body: '{"a":1}' }),
    'json/handler.js': handler,
    'text/fn.config.json': config({ ...post, body: 'hello', content_type: 'text/plain' }),
    'text/handler.js': handler,
    'bad/fn.config.json': config({ ...post, body: '{oops', content_type: 'application/json' }),
    'bad/handler.js': handler,
    'any/fn.config.json': config(post),
    'any/handler.js': handler,
    'checked/fn.config.json': config(
      { ...post, body: { name: 'x' }, query: { n: 1 } },
      {
        schema: {
          query: { type: 'object', required: ['n'], properties: { n: { type: 'integer', minimum: 1 } } },
          body: {
            $defs: { name: { type: 'string' } },
            type: 'object',
            required: ['name'],
            properties: { name: { $ref: '#/$defs/name' } },
          },
        },
      },
    ),
    'checked/handler.js': handler,
  });
  const body = (name: string) => document.paths[`/${name}`].post.requestBody;
  assert.deepEqual(body('json').content['application/json'].example, { a: 1 });
  assert.equal(body('json').required, false);
  assert.deepEqual(body('text').content['text/plain'], { schema: { type: 'string' }, example: 'hello' });
  assert.ok(body('bad').content['application/json'].schema.oneOf);
  assert.equal(Object.keys(body('any').content['application/json'].examples).length, 2);
  assert.equal(body('checked').required, true);
  const { $ref } = body('checked').content['application/json'].schema;
  const name = $ref.replace('#/components/schemas/', '');
  assert.equal(
    document.components.schemas[name].properties.name.$ref,
    `#/components/schemas/${name}/$defs/name`,
  );
  assert.deepEqual(body('checked').content['application/json'].example, { name: 'x' });
  const [n] = document.paths['/checked'].post.parameters;
  assert.equal(n.required, true);
  assert.match(n.schema.$ref, /^#\/components\/schemas\/.*\/properties\/n$/);
});

test('openapi: an example that does not fit its own schema is left out', async (t) => {
  const document = await documentOf(t, {
    'f/fn.config.json': JSON.stringify({
      runtime: 'node',
      schema: { body: { type: 'object', required: ['a'] } },
      invoke: { methods: ['POST'], body: { b: 1 } },
    }),
    'f/handler.js': handler,
  });
  assert.equal('example' in document.paths['/f'].post.requestBody.content['application/json'], false);
});

test('openapi: versions of a function are told with it and are no paths', async (t) => {
  const document = await documentOf(t, {
    'node/greet/handler.js': handler,
    'node/greet/v2/handler.js': handler,
  });
  assert.equal(JSON.stringify(Object.keys(document.paths)).includes('@'), false);
  assert.equal(document.paths['/greet'].get.description, 'Also as /greet@v2.');
});

test('openapi: the control plane is listed only where that is asked for, with how to show who one is', async (t) => {
  const files = { 'get.x.js': handler };
  const without = await documentOf(t, files);
  assert.equal(
    Object.keys(without.paths).some((path) => path.startsWith('/_fn')),
    false,
  );
  const document = await documentOf(t, files, true);
  const health = document.paths['/_fn/health'].get;
  assert.deepEqual(health.security, []);
  assert.equal(health.operationId, 'internal_health_get');
  assert.ok(document.paths['/_fn/reload'].post.security.some((each: object) => 'adminToken' in each));
  assert.deepEqual(document.tags.at(-1), { name: 'internal' });
  assert.ok(document.components.securitySchemes.session);
});

test('openapi: a tree of nasty names is still a valid document', async (t) => {
  const nasty = ['a-b', 'a_b', 'a b', 'ä', '(x)', 'A.B', "it's", '%41', 'x@v1', '__proto__', 'constructor'];
  const files = Object.fromEntries(nasty.map((name) => [`${name}/handler.js`, handler]));
  const document = await documentOf(t, {
    ...files,
    'h/fn.config.json': '{"runtime":"node","invoke":{"routes":["/get","/{id}","/a-b/:a_b","/a_b/:a-b"]}}',
    'h/handler.js': '// @summary \u0000\ud800 "quoted" </script>\n// @query {"__proto__":1,"":2}',
  });
  assert.ok(Object.keys(document.paths).length > 5);
});

test('openapi: the examples that come with the product are a valid document', async () => {
  const root = join(import.meta.dirname, '../../../../fixtures/functions');
  const runtimes = ['node', 'python', 'php', 'lua', 'rust', 'go'] as const;
  const document = await documentOfCatalog(await scan(root, { runtimes }));
  assert.ok(Object.keys(document.paths).length > 0);
});
