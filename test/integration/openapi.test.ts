// The API documentation and the checks of input, of a whole gateway with real workers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';

const echo = `exports.handler = (event) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: event.query, params: event.params, body: event.body }),
});`;

const config = {
  runtime: 'node',
  name: 'orders',
  invoke: { methods: ['GET', 'POST'], routes: ['/orders/:id'], summary: 'Orders' },
  schema: {
    query: {
      type: 'object',
      properties: { limit: { type: 'integer', minimum: 1, default: 20 }, tag: { type: 'array' } },
      additionalProperties: false,
    },
    params: { properties: { id: { type: 'integer' } } },
    body: {
      type: 'object',
      required: ['sku'],
      properties: { sku: { type: 'string', pattern: '^(a+)+$' } },
    },
  },
};

let gateway: TestGateway;

before(async () => {
  gateway = await startTestGateway({
    'orders/handler.js': echo,
    'orders/fn.config.json': JSON.stringify(config),
    'broken/handler.js': echo,
    'broken/fn.config.json': JSON.stringify({
      runtime: 'node',
      name: 'broken',
      schema: { body: { $ref: 'http://example.org/schema.json' } },
    }),
  });
});
after(() => gateway.close());

const post = (target: string, body: string) => ask(gateway.url, target, { method: 'POST', body });

test('input: the handler gets the query as its schema types it, and the rest as it was sent', async () => {
  const answer = await ask(gateway.url, '/orders/7?tag=a');
  assert.deepEqual(answer.json(), { query: { limit: 20, tag: ['a'] }, params: { id: '7' }, body: null });
  const typed = await post('/orders/7?limit=5', ' {"sku":"aa"}');
  assert.deepEqual(typed.json(), { query: { limit: 5 }, params: { id: '7' }, body: ' {"sku":"aa"}' });
});

test('input: what does not fit is 400 and says which field', async () => {
  const says = async (answer: Promise<{ status: number; json(): { error: string; code: string } }>) => {
    const { status, json } = await answer;
    return `${status} ${json().code}: ${json().error}`;
  };
  assert.equal(
    await says(ask(gateway.url, '/orders/7?limit=0')),
    '400 bad_request: invalid query: limit must be >= 1',
  );
  assert.equal(
    await says(ask(gateway.url, '/orders/7?x=1')),
    '400 bad_request: invalid query: x is not a known field',
  );
  assert.equal(
    await says(ask(gateway.url, '/orders/abc')),
    '400 bad_request: invalid params: id must be integer',
  );
  assert.equal(await says(post('/orders/7', '{}')), '400 bad_request: invalid body: sku is required');
  assert.equal(await says(post('/orders/7', 'sku=aa')), '400 bad_request: invalid body: must be JSON');
  assert.equal(await says(post('/orders/7', '')), '400 bad_request: invalid body: a JSON body is required');
  const started = performance.now();
  const hostile = JSON.stringify({ sku: `${'a'.repeat(5_000)}!` });
  assert.match(
    await says(post('/orders/7', hostile)),
    /^400 bad_request: invalid body: sku must match pattern/,
  );
  assert.ok(performance.now() - started < 2_000);
});

test('input: a function whose schema cannot be used is not served, and says so', async () => {
  const answer = await ask(gateway.url, '/broken');
  assert.equal(answer.status, 500);
  assert.equal(answer.json().code, 'config_invalid');
  const health = (await ask(gateway.url, '/_fn/health')).text;
  assert.match(health, /schema\.body/);
});

test('openapi: the document of a running gateway is valid and names its schemas', async () => {
  const answer = await ask(gateway.url, '/_fn/openapi.json');
  assert.equal(answer.status, 200);
  const outcome = await new Validator().validate(answer.json());
  assert.deepEqual(outcome, { valid: true });
  const document = (await ask(gateway.url, '/openapi.json')).json();
  assert.equal(document.servers[0].url, gateway.url);
  assert.equal(document.paths['/orders/{id}'].post.summary, 'POST Orders');
  assert.equal(document.paths['/orders/{id}'].post.requestBody.required, true);
  assert.doesNotMatch(answer.text, new RegExp(gateway.root));
});

test('openapi: a change of the functions is a change of the document', async () => {
  const tag = async () => (await ask(gateway.url, '/openapi.json')).headers.etag;
  const before = await tag();
  await gateway.reload();
  assert.equal(await tag(), before);
});

test('openapi: other methods and other spellings of its address are nobody’s', async () => {
  assert.equal((await post('/openapi.json', '')).status, 405);
  for (const target of ['/OPENAPI.JSON', '/openapi%2ejson', '/openapi.json/'])
    assert.equal((await ask(gateway.url, target)).status, 404, target);
});
