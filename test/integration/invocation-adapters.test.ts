// Handlers written for AWS Lambda and Cloudflare Workers, called over HTTP and run unchanged in the jail
// (contract/invocation.md 8). The small print of both is in test/conformance.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { type Tree, writeTree } from './support/tree.ts';

const adapted = (adapter: string, more: object = {}) =>
  JSON.stringify({ invoke: { adapter, methods: ['GET', 'POST'] }, ...more });

describe('aws-lambda', () => {
  const node = {
    event: 'exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });\n',
    callback:
      "exports.handler = (event, context, callback) => { setTimeout(() => callback(null, { statusCode: 201, body: 'called' }), 5); };\n",
    promise:
      'exports.handler = async (event, context) => ({ statusCode: 202, body: context.functionName });\n',
    plain: "exports.handler = (event, context) => ({ statusCode: 203, body: 'at once' });\n",
    twice:
      "exports.handler = (event, context, callback) => { callback(null, 'first'); callback(null, 'second'); };\n",
    fails: "exports.handler = (event, context, callback) => { callback('e'); };\n",
    clock: `exports.handler = async (event, context) => {
      const early = context.getRemainingTimeInMillis();
      await new Promise((done) => setTimeout(done, 60));
      return { early, late: context.getRemainingTimeInMillis() };
    };\n`,
  };
  const python = {
    event:
      'import json\ndef handler(event, context):\n    return {"statusCode": 200, "body": json.dumps(event)}\n',
    promise: 'def handler(event, context):\n    return {"statusCode": 202, "body": context.function_name}\n',
    clock: `import time
def handler(event, context):
    early = context.get_remaining_time_in_millis()
    time.sleep(0.06)
    return {"early": early, "late": context.get_remaining_time_in_millis()}\n`,
  };
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      ...adaptedTree('aws', 'js', node, ' Lambda '),
      ...adaptedTree('aws', 'py', python, 'apigw-v2'),
    });
  });
  after(() => gateway.close());

  for (const language of ['js', 'py']) {
    test(`${language}: the event is a payload 2.0 of what was asked`, async () => {
      const answer = await ask(gateway.url, `/aws/${language}/event?y=1&tag=a&tag=b`, {
        method: 'POST',
        body: 'hello',
        headers: { cookie: 'a=1; b=2', host: 'api.example.test' },
      });
      assert.equal(answer.status, 200, answer.text);
      const event = answer.json();
      assert.deepEqual(
        [event.version, event.rawPath, event.rawQueryString, event.cookies],
        ['2.0', `/aws/${language}/event`, 'y=1&tag=a&tag=b', ['a=1', 'b=2']],
      );
      assert.deepEqual(event.queryStringParameters, { y: '1', tag: 'a,b' });
      assert.equal(event.pathParameters, null);
      assert.deepEqual([event.body, event.isBase64Encoded], ['hello', false]);
      const { http, stage, domainName, requestId } = event.requestContext;
      assert.deepEqual([http.method, http.sourceIp, http.protocol], ['POST', '127.0.0.1', 'HTTP/1.1']);
      assert.deepEqual(
        [stage, domainName, requestId],
        ['$default', 'api.example.test', answer.headers['x-request-id']],
      );
    });

    test(`${language}: the time that is left runs down`, async () => {
      const { early, late } = (await ask(gateway.url, `/aws/${language}/clock`)).json();
      assert.ok(early <= 2500 && early > 1500, `${early}`);
      assert.ok(late <= early - 50 && late > 0, `${early} ${late}`);
    });

    test(`${language}: the context names the function`, async () => {
      const answer = await ask(gateway.url, `/aws/${language}/promise`);
      assert.deepEqual([answer.status, answer.text], [202, `aws/${language}/promise/handler.${language}`]);
    });
  }

  const rows: readonly (readonly [name: string, status: number, body: string])[] = [
    ['callback', 201, 'called'],
    ['plain', 203, 'at once'],
    ['twice', 200, 'first'],
  ];
  for (const [name, status, body] of rows) {
    test(`js: ${name} → ${status} ${body}`, async () => {
      const answer = await ask(gateway.url, `/aws/js/${name}`);
      assert.deepEqual([answer.status, answer.text], [status, body]);
    });
  }

  test('js: an error given to the callback is 500 with its text', async () => {
    const answer = await ask(gateway.url, '/aws/js/fails');
    assert.deepEqual([answer.status, answer.json().error], [500, 'e']);
  });
});

describe('cloudflare-worker', () => {
  const node = `export default {
    async fetch(request, env, ctx) {
      const { pathname, searchParams } = new URL(request.url);
      if (searchParams.has('reject')) ctx.waitUntil(Promise.reject(new Error('left behind')));
      if (searchParams.has('late')) ctx.waitUntil(new Promise((done) => setTimeout(() => { console.log('work is done'); done(); }, Number(searchParams.get('late')))));
      const headers = new Headers({ 'x-seen': [...request.headers.keys()].join(' ') });
      headers.append('set-cookie', 'a=1');
      headers.append('set-cookie', 'b=2');
      return new Response([request.method, request.url, env.PLACE, await request.text()].join(' '), { status: 201, headers });
    },
  };\n`;
  const python = `import asyncio
from urllib.parse import urlsplit, parse_qs
async def fetch(request, env, ctx):
    query = parse_qs(urlsplit(request.url).query)
    if "reject" in query:
        ctx.waitUntil(fail())
    if "late" in query:
        ctx.waitUntil(late(int(query["late"][0]) / 1000))
    text = " ".join([request.method, request.url, env["PLACE"], await request.text()])
    return {"status": 201, "headers": {"set-cookie": ["a=1", "b=2"]}, "body": text}
async def fail():
    raise RuntimeError("left behind")
async def late(seconds):
    await asyncio.sleep(seconds)
    print("work is done")
`;
  const plainPython = `import asyncio
def fetch(request, env, ctx):
    ctx.wait_until(late(int(request.url.rpartition("=")[2]) / 1000))
    return "left"
async def late(seconds):
    await asyncio.sleep(seconds)
    print("work is done")
`;
  const environment = JSON.stringify({ PLACE: 'attic' });
  const tree: Tree = {
    'js/handler.js': node,
    'js/fn.config.json': adapted('Workers'),
    'js/fn.env.json': environment,
    'py/handler.py': python,
    'py/fn.config.json': adapted('cloudflare-worker'),
    'py/fn.env.json': environment,
    'plain/handler.py': plainPython,
    'plain/fn.config.json': adapted('worker'),
  };
  /** What a client may claim, and only a trusted proxy may know. */
  const claimed = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'other.example.test' };
  const recorded = recordingLog();
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(tree, {}, recorded.log);
  });
  after(() => gateway.close());

  for (const language of ['js', 'py']) {
    test(`${language}: fetch gets the request as the client sent it, and its cookies stay two`, async () => {
      const answer = await ask(gateway.url, `/${language}?x=%20`, {
        method: 'POST',
        body: 'hello',
        headers: { host: 'shop.example.test:81', 'content-length': '5', ...claimed },
      });
      assert.equal(answer.text, `POST http://shop.example.test:81/${language}?x=%20 attic hello`);
      assert.equal(answer.status, 201);
      assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
      const seen = String(answer.headers['x-seen'] ?? '').split(' ');
      assert.ok(!seen.includes('content-length') && !seen.includes('host'), seen.join());
    });

    test(`${language}: work that fails behind the answer is one line in the log and nothing to the client`, async () => {
      const before = recorded.saying('wait_until_rejection').length;
      const answer = await ask(gateway.url, `/${language}?reject=1`);
      assert.equal(answer.status, 201);
      await eventually(() => assert.equal(recorded.saying('wait_until_rejection').length, before + 1));
      assert.match(recorded.saying('wait_until_rejection').at(-1)?.msg ?? '', /left behind/);
      assert.equal((await ask(gateway.url, `/${language}`)).status, 201);
      assert.equal(recorded.saying('wait_until_rejection').length, before + 1);
    });
  }

  test('scheme and host of the URL are those that a trusted proxy tells', async () => {
    const behind = await startTestGateway(tree, { FN_TRUSTED_PROXY_CIDRS: '127.0.0.1/32' });
    try {
      for (const language of ['js', 'py']) {
        const answer = await ask(behind.url, `/${language}`, { headers: claimed });
        assert.match(answer.text, new RegExp(`^GET https://other\\.example\\.test/${language} attic`));
      }
    } finally {
      await behind.close();
    }
  });

  test('work behind an answer outlives the replacement of its worker', async () => {
    const before = recorded.saying('work is done').length;
    for (const target of ['/js?late=900', '/py?late=900', '/plain?late=900']) {
      assert.ok((await ask(gateway.url, target)).status < 300);
    }
    const old = gateway.workers().map(({ pid }) => pid);
    writeTree(gateway.root, { 'js/new.txt': 'x', 'py/new.txt': 'x', 'plain/new.txt': 'x' });
    await gateway.reload();
    assert.equal((await ask(gateway.url, '/js')).status, 201);
    await eventually(() => assert.equal(recorded.saying('work is done').length, before + 3));
    await eventually(() => assert.ok(gateway.workers().every(({ pid }) => !old.includes(pid))));
  });

  test('but not the end of the gateway', async () => {
    const other = await startTestGateway(tree);
    for (const target of ['/js?late=60000', '/py?late=60000', '/plain?late=60000'])
      await ask(other.url, target);
    const began = performance.now();
    await other.close();
    assert.ok(performance.now() - began < 4000);
    assert.deepEqual(other.workers(), []);
  });
});

function adaptedTree(
  folder: string,
  language: string,
  handlers: Readonly<Record<string, string>>,
  adapter: string,
): Tree {
  return Object.fromEntries(
    Object.entries(handlers).flatMap(([name, text]) => [
      [`${folder}/${language}/${name}/handler.${language}`, text],
      [`${folder}/${language}/${name}/fn.config.json`, adapted(adapter)],
    ]),
  );
}
