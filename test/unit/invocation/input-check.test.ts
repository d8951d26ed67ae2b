import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InputSchema } from '../../../src/discovery/input/input-schema.ts';
import { GatewayError } from '../../../src/errors.ts';
import { checkedRequest } from '../../../src/invocation/input-check.ts';
import type { InvocationRequest } from '../../../src/invocation/invocation.ts';
import { functionUnit } from '../../fakes/function-unit.ts';

function request(input: InputSchema, changes: Partial<InvocationRequest> & { text?: string | null } = {}) {
  const { text = null, ...rest } = changes;
  const asked: InvocationRequest = {
    ...{ id: 'r', unit: functionUnit({}, { input }), method: 'POST', path: '/x', rawPath: '/x' },
    ...{ query: {}, params: {}, headers: {}, clientIp: '::1' },
    readBody: () => (text === null ? null : Promise.resolve(Buffer.from(text))),
    signal: new AbortController().signal,
    ...rest,
  };
  return asked;
}

const says = (text: string) => (error: unknown) =>
  error instanceof GatewayError && error.code === 'bad_request' && error.message === text;

function refusesQuery(schema: InputSchema['query'] & object, query: Record<string, unknown>, text: string) {
  assert.throws(() => checkedRequest(request({ query: schema }, { query })), says(text));
}

async function refusesBody(schema: InputSchema['body'] & object, text: string | null, words: string) {
  await assert.rejects(
    async () => checkedRequest(request({ body: schema }, { text })).readBody(),
    says(words),
  );
}

const item = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1 },
    tags: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } } },
    color: { enum: ['red', 'blue'] },
  },
} as const;

test('input check: a function without schemas gets its request untouched', () => {
  const { input: _none, ...unit } = functionUnit({}, {});
  const asked = request({}, { unit });
  assert.equal(checkedRequest(asked), asked);
});

test('input check: query values are brought to their types, lists made, defaults filled in', () => {
  const schema = {
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1 },
      on: { type: 'boolean' },
      tag: { type: 'array', items: { type: 'string' } },
      page: { type: 'integer', default: 1 },
    },
  };
  const query = Object.freeze({ limit: '5', on: 'true', tag: 'a', other: 'kept' });
  const { query: typed } = checkedRequest(request({ query: schema }, { query }));
  assert.deepEqual(typed, { limit: 5, on: true, tag: ['a'], page: 1, other: 'kept' });
  assert.equal(query.limit, '5');
});

test('input check: a query that does not fit is named by its field and never quoted', () => {
  const schema = {
    type: 'object',
    required: ['q'],
    additionalProperties: false,
    properties: { q: { type: 'string' }, limit: { type: 'integer', maximum: 10 } },
  };
  refusesQuery(schema, {}, 'invalid query: q is required');
  refusesQuery(schema, { q: 'x', limit: 'hush' }, 'invalid query: limit must be integer');
  refusesQuery(schema, { q: 'x', limit: '11' }, 'invalid query: limit must be <= 10');
  refusesQuery(schema, { q: 'x', z: '1' }, 'invalid query: z is not a known field');
  refusesQuery({ required: ['constructor'] }, {}, 'invalid query: constructor is required');
});

test('input check: path parameters are checked as typed and reach the handler as texts', () => {
  const params = { type: 'object', properties: { id: { type: 'integer' } } };
  const checked = checkedRequest(request({ params }, { params: { id: '7' } }));
  assert.deepEqual(checked.params, { id: '7' });
  assert.throws(
    () => checkedRequest(request({ params }, { params: { id: 'x' } })),
    says('invalid params: id must be integer'),
  );
});

test('input check: a body that fits is handed on byte by byte', async () => {
  const text = ' {"name":"a","tags":[{"id":1}]} ';
  const body = await checkedRequest(request({ body: item }, { text })).readBody();
  assert.equal(String(body), text);
});

test('input check: a body that does not fit is named by its field', async () => {
  await refusesBody(item, '{}', 'invalid body: name is required');
  await refusesBody(item, '{"name":5}', 'invalid body: name must be string');
  await refusesBody(item, '{"name":"a","tags":[{"id":0}]}', 'invalid body: tags[0].id must be >= 1');
  await refusesBody(
    item,
    '{"name":"a","color":"green"}',
    'invalid body: color must be one of ["red","blue"]',
  );
  await refusesBody(item, '{"name":"a","x":1}', 'invalid body: x is not a known field');
  await refusesBody(item, '[]', 'invalid body: must be object');
  await refusesBody(item, 'name=a', 'invalid body: must be JSON');
  await refusesBody(item, '', 'invalid body: a JSON body is required');
  await refusesBody(item, null, 'invalid body: a JSON body is required');
});

test('input check: a body is asked for by methods that have one, taken from DELETE when it comes, left alone else', async () => {
  const ask = (method: string, text: string | null) =>
    checkedRequest(request({ body: item }, { method, text })).readBody();
  assert.equal(ask('GET', null), null);
  assert.equal(String(await ask('GET', 'anything')), 'anything');
  assert.equal(ask('DELETE', null), null);
  await assert.rejects(async () => ask('DELETE', '{}'), says('invalid body: name is required'));
  await assert.rejects(async () => ask('PATCH', null), says('invalid body: a JSON body is required'));
});

test('input check: a body nested deeper than the stack is refused, not fatal', async () => {
  const nested = { type: ['object', 'array'], items: { $ref: '#' } };
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  await refusesBody(nested, deep, 'invalid body: nested too deep');
});

test('input check: how the body arrives and how a proxy is followed stay the request’s own', () => {
  const asked = request(
    { query: {} },
    {
      streamBody() {
        assert.equal(this, asked);
        return null;
      },
    },
  );
  assert.equal(checkedRequest(asked).streamBody?.(), null);
  assert.equal('passThrough' in checkedRequest(asked), false);
});
