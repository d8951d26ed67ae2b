// Calls, logs and figures over HTTP, in a gateway that keeps its log in memory (contract/control-plane.md 8 and 9).
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createLog } from '../../src/log.ts';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { type Operator, operatorOf } from './support/operator.ts';
import { echoJs, echoPy } from './support/tree.ts';

const secret = 'canary-value-4711';
const prints = `exports.handler = (event) => {
  console.log('out', event.env.TOKEN);
  console.error('err');
  return { status: 202, headers: { 'x-own': 'yes' }, body: 'said ' + event.env.TOKEN };
};
`;
const streams = `exports.handler = async function* () { yield 'a'; yield 'b'; };\n`;

describe('control: calls, logs and figures', () => {
  let gateway: TestGateway;
  let operator: Operator;
  const log = createLog({ level: 'info', format: 'json', out: { write: () => {} } });
  before(async () => {
    const variables = {
      FN_CONSOLE_RATE_LIMIT_MAX: '0',
      FN_CONSOLE_WRITE_RATE_LIMIT_MAX: '0',
    };
    gateway = await startTestGateway(
      {
        'node/same/handler.js': echoJs('node'),
        'python/same/handler.py': echoPy('python'),
        'node/prints/handler.js': prints,
        'node/prints/fn.env.json': JSON.stringify({ TOKEN: { value: secret, is_secret: true } }),
        'node/fails/handler.js': "exports.handler = () => { throw new Error('no luck'); };\n",
        'node/five/handler.js': 'exports.handler = () => ({ status: 500, headers: {}, body: "five" });\n',
        'node/bytes/handler.js':
          "exports.handler = () => ({ status: 200, headers: { 'content-type': 'image/png' }, is_base64: true, body_base64: 'AP8B' });\n",
        'node/slow/handler.js': 'exports.handler = () => new Promise(() => {});\n',
        'node/slow/fn.config.json': JSON.stringify({ timeout_ms: 300 }),
        'node/streams/handler.js': streams,
        'node/small/handler.js': echoJs('small'),
        'node/small/fn.config.json': JSON.stringify({ max_body_bytes: 4, invoke: { methods: ['POST'] } }),
        'users/[id]/get.js': echoJs('user'),
      },
      variables,
      log,
    );
    operator = operatorOf(gateway);
  });
  after(() => gateway.close());
  const invoke = (body: unknown) => operator.send('POST', '/_fn/invoke', body);

  test('a call is told with status, headers, body, time, route and request id', async () => {
    const answer = await invoke({
      name: 'users/[id]/get.js',
      params: { id: 'a b' },
      query: { q: 'x', n: 5 },
      headers: { 'x-a': 'b' },
      context: { id: 'ada' },
    });
    assert.equal(answer.status, 200, answer.text);
    const told = answer.json();
    assert.deepEqual([told.status, told.route_template, told.route], [200, '/users/:id', '/users/a%20b']);
    assert.equal(told.request_id, answer.headers['x-request-id']);
    assert.ok(told.latency_ms > 0);
    const { event } = JSON.parse(told.body);
    assert.equal(event.path, '/users/a b');
    assert.deepEqual(event.params, { id: 'a b' });
    assert.deepEqual(event.query, { q: 'x', n: '5' });
    assert.equal(event.headers['x-a'], 'b');
    assert.deepEqual(event.context.user, { id: 'ada' });
    assert.equal(event.id, told.request_id);
  });

  test('a path stands for the parameters in it', async () => {
    const told = (await invoke({ name: 'users/[id]/get.js', route: '/users/7' })).json();
    assert.deepEqual([told.route, told.route_template], ['/users/7', '/users/:id']);
    assert.deepEqual(JSON.parse(told.body).event.params, { id: '7' });
    const rest = (await invoke({ name: 'same', route: '/same/a/b', context: null })).json();
    assert.deepEqual([rest.route_template, rest.status], ['/same/*', 200]);
  });

  test('without a runtime the first in order answers; with one, that one', async () => {
    const [first] = (await operator.get('/_fn/catalog')).json().runtime_order;
    assert.equal(JSON.parse((await invoke({ name: 'same' })).json().body).file, first);
    for (const runtime of ['node', 'python']) {
      assert.equal(JSON.parse((await invoke({ name: 'same', runtime })).json().body).file, runtime);
    }
  });

  test('bodies: JSON, bytes both ways, streams gathered, what was printed beside it', async () => {
    const posted = await invoke({ name: 'small', method: 'POST', body: { a: 1 } });
    assert.equal(posted.status, 413, 'the limit of the function holds');
    const bytes = (await invoke({ name: 'bytes' })).json();
    assert.deepEqual([bytes.is_base64, bytes.body_base64], [true, 'AP8B']);
    const sent = await invoke({ name: 'small', method: 'POST', body_base64: 'AP8B' });
    assert.equal(JSON.parse(sent.json().body).event.body_base64, 'AP8B');
    assert.equal((await invoke({ name: 'streams' })).json().body, 'ab');
    const printed = (await invoke({ name: 'prints' })).json();
    assert.deepEqual([printed.status, printed.headers['x-own']], [202, 'yes']);
    assert.match(printed.stdout, /out <hidden>/);
    assert.match(printed.stderr, /err/);
    assert.equal(printed.body, 'said <hidden>', 'no answer of the control plane shows a secret');
    assert.equal((await ask(gateway.url, '/prints')).text, `said ${secret}`, 'its callers get what it says');
  });

  test('what the handler makes of it is a result; what the gateway cannot do is not', async () => {
    assert.deepEqual((({ status, body }) => [status, body])((await invoke({ name: 'five' })).json()), [
      500,
      'five',
    ]);
    const failed = await invoke({ name: 'fails' });
    assert.deepEqual([failed.status, failed.json().status], [200, 500]);
    assert.match(failed.json().body, /no luck/);
    const late = await invoke({ name: 'slow' });
    assert.deepEqual([late.status, late.json().error], [504, 'runtime timeout']);
    assert.ok(late.json().latency_ms >= 290);
  });

  test('wrong calls are refused in words', async () => {
    for (const [body, status, error] of [
      ['nonsense', 400, 'invalid json body'],
      [{}, 400, 'name is required'],
      [{ name: 'same', runtime: '' }, 400, 'runtime must be a non-empty string'],
      [{ name: 'same', method: 'FLY' }, 400, 'unsupported method'],
      [{ name: 'same', route: 7 }, 400, 'route must be a string when provided'],
      [{ name: 'same', route: '/_fn/x' }, 400, 'invalid route'],
      [{ name: 'same', params: [] }, 400, 'params must be a JSON object'],
      [{ name: 'same', params: { '': 1 } }, 400, 'params keys must be non-empty strings'],
      [{ name: 'same', context: 7 }, 400, 'context must be an object'],
      [
        { name: 'same', headers: { 'a b': 'x' } },
        400,
        'headers must be a JSON object of texts or lists of texts',
      ],
      [{ name: 'same', colour: 1 }, 400, 'unknown key: colour'],
      [{ name: 'nobody' }, 404, 'unknown function or version'],
      [{ name: 'nobody', runtime: 'node' }, 404, 'unknown function'],
      [{ name: 'same', runtime: 'cobol' }, 404, 'unknown runtime'],
      [{ name: 'same', runtime: 'node', version: 'v9' }, 404, 'unknown version'],
    ] as const) {
      const answer = await invoke(body);
      assert.deepEqual([answer.status, answer.json().error], [status, error], JSON.stringify(body));
    }
    const method = await invoke({ name: 'small' });
    assert.deepEqual(
      [method.status, method.json().allowed_methods, method.headers.allow],
      [405, ['POST'], 'POST'],
    );
    const missing = await invoke({ name: 'users/[id]/get.js' });
    assert.deepEqual(
      [missing.status, missing.json().error, missing.json().missing_params],
      [400, 'missing required path params', ['id']],
    );
  });

  test('the log: by file, stream, function, request and number of lines; no secret in it', async () => {
    const called = await ask(gateway.url, '/prints');
    const id = String(called.headers['x-request-id']);
    const entries = async (query: string) => (await operator.get(`/_fn/logs?format=json&${query}`)).json();
    await eventually(async () => {
      const own = await entries(`request_id=${id}`);
      assert.deepEqual(own.entries.map((entry: { stream?: string }) => entry.stream ?? 'call').sort(), [
        'call',
        'stderr',
        'stdout',
      ]);
    });
    const errors = await entries('stream=stderr&runtime=node&fn=prints&version=default');
    assert.ok(errors.data.length > 0 && errors.data.every((line: string) => line.includes('err')));
    assert.deepEqual((await entries('fn=nobody&file=runtime')).data, []);
    assert.equal((await entries('file=access&lines=2')).data.length, 2);
    assert.ok((await entries('file=all&lines=99999')).lines <= 2000);
    assert.ok((await entries('file=all&lines=x')).lines <= 200);
    const text = await operator.get('/_fn/logs?file=all&lines=2000');
    assert.match(String(text.headers['content-type']), /^text\/plain/);
    assert.ok(text.text.includes('<hidden>') && !text.text.includes(secret));
    for (const [query, error] of [
      ['file=x', 'invalid file'],
      ['stream=x', 'invalid stream'],
      ['level=x', 'invalid level'],
      ['since=x', 'invalid since'],
      ['format=x', 'invalid format'],
      ['colour=x', 'unknown query parameter: colour'],
    ]) {
      const answer = await operator.get(`/_fn/logs?${query}`);
      assert.deepEqual([answer.status, answer.json().error], [400, error]);
    }
  });

  test('the log can be followed, from where a reader left off', async () => {
    const { port, hostname } = new URL(gateway.url);
    const events: string[] = [];
    const sent = request({ host: hostname, port, path: '/_fn/logs?follow=1&file=access' });
    sent.on('response', (response) => response.on('data', (chunk) => events.push(String(chunk))));
    sent.end();
    await eventually(async () => assert.match(events.join(''), /: following/));
    const called = await ask(gateway.url, '/five');
    log.flush();
    await eventually(async () => {
      const lines = [...events.join('').matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json));
      assert.ok(
        lines.some((line) => line.id === called.headers['x-request-id']),
        events.join(''),
      );
    });
    sent.destroy();
  });

  test('figures change by exactly what was asked', async () => {
    const figures = async () => (await operator.get('/_fn/dashboard')).json();
    const before = await figures();
    for (let n = 0; n < 3; n += 1) await ask(gateway.url, '/prints');
    await ask(gateway.url, '/five');
    await ask(gateway.url, '/nowhere');
    const after = await figures();
    assert.equal(after.requests_24h - before.requests_24h, 5);
    assert.equal(after.errors_24h - before.errors_24h, 1);
    assert.equal(
      after.functions['node/five@default'].errors,
      (before.functions['node/five@default']?.errors ?? 0) + 1,
    );
    assert.ok(after.avg_latency_ms > 0);
    assert.equal(after.invocations_chart.labels.length, 288);
    assert.equal(
      after.invocations_chart.data.at(-1) + after.invocations_chart.data.at(-2),
      after.requests_24h,
    );
  });

  test('those who follow the log do not hold up the end', async () => {
    const other = await startTestGateway({ 'get.a.js': '' }, { FN_DRAIN_TIMEOUT_MS: '20000' });
    const { port, hostname } = new URL(other.url);
    const ended = new Promise<void>((resolve, reject) => {
      const sent = request({
        host: hostname,
        port,
        path: '/_fn/logs',
        headers: { accept: 'text/event-stream' },
      });
      sent.on('response', (response) => {
        assert.match(String(response.headers['content-type']), /^text\/event-stream/);
        response.on('data', () => void other.close()).on('end', resolve);
      });
      sent.on('error', reject);
      sent.end();
    });
    const startedAt = performance.now();
    await ended;
    await other.close();
    assert.ok(performance.now() - startedAt < 10_000);
  });

  test('packs are a list for each language', async () => {
    assert.deepEqual((await operator.get('/_fn/packs')).json().runtimes, {
      node: { packs: [] },
      python: { packs: [] },
    });
  });
});
