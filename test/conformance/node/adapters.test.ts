// Handlers written for AWS Lambda and Cloudflare Workers, unchanged (contract/invocation.md 8).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventOf, jsonOf, loaded } from './node-worker.ts';

describe('the aws-lambda adapter', () => {
  const posted = {
    method: 'POST',
    path: '/x',
    raw_path: '/x?y=1',
    query: { y: '1', tag: ['a', 'b'], flag: true },
    params: { id: '7' },
    headers: { host: 'api.example.test', cookie: 'a=1; b=2', 'x-many': ['1', '2'], 'user-agent': 'test/1' },
    client: { ip: '203.0.113.9', ua: 'test/1' },
    ts: 1_583_348_638_390,
  };

  it('the event is a payload 2.0', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter: 'aws-lambda', handler: 'event' });
    assert.deepEqual(eventOf(await worker.invoke({ event: posted, body: 'text' })), {
      version: '2.0',
      routeKey: 'POST /x',
      rawPath: '/x',
      rawQueryString: 'y=1',
      cookies: ['a=1', 'b=2'],
      headers: { host: 'api.example.test', cookie: 'a=1; b=2', 'x-many': '1,2', 'user-agent': 'test/1' },
      queryStringParameters: { y: '1', tag: 'a,b', flag: '' },
      pathParameters: { id: '7' },
      requestContext: {
        accountId: 'fastfn',
        apiId: 'fastfn',
        domainName: 'api.example.test',
        domainPrefix: 'api',
        http: {
          method: 'POST',
          path: '/x',
          protocol: 'HTTP/1.1',
          sourceIp: '203.0.113.9',
          userAgent: 'test/1',
        },
        requestId: 'req-1-1-000001',
        routeKey: 'POST /x',
        stage: '$default',
        time: '04/Mar/2020:19:03:58 +0000',
        timeEpoch: 1_583_348_638_390,
      },
      body: 'text',
      isBase64Encoded: false,
    });
  });

  it('empty maps are null, no cookie is no key, no body is empty text', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter: 'aws-lambda', handler: 'event' });
    const event = eventOf(await worker.invoke());
    assert.deepEqual([event.queryStringParameters, event.pathParameters, event.body], [null, null, '']);
    assert.ok(!('cookies' in event));
  });

  it('a query that was not sent raw is encoded again', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter: 'aws-lambda', handler: 'event' });
    const event = { raw_path: '', path: '/p', query: { a: ['1', '2'], b: null, c: 'x y' } };
    const sent = eventOf(await worker.invoke({ event }));
    assert.deepEqual([sent.rawPath, sent.rawQueryString], ['/p', 'a=1&a=2&c=x+y']);
  });

  it('bytes are base64', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter: 'aws-lambda', handler: 'event' });
    const event = eventOf(await worker.invoke({ body: Buffer.from([0xff]) }));
    assert.deepEqual([event.body, event.isBase64Encoded], ['/w==', true]);
  });

  const answers: readonly [promise: string, handler: string, status: number | null, text: string][] = [
    ['a handler with a callback decides by calling it', 'callback', 201, 'called back'],
    ['a synchronous return needs no callback', 'sync', 200, '/x req-1-1-000001'],
    ['the first of two callbacks wins', 'twice', 200, 'first'],
    ['a callback with an error fails with its text', 'fails', null, 'e'],
    ['a synchronous throw fails', 'throws', null, 'thrown'],
  ];
  for (const [promise, handler, status, text] of answers) {
    it(promise, async (test) => {
      const worker = await loaded(test, 'lambda', { adapter: 'aws-lambda', handler });
      const answer = await worker.invoke();
      assert.equal(answer.status, status);
      assert.equal(status === null ? answer.error : answer.body.toString(), text);
    });
  }

  it('the remaining time decreases', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter: 'aws-lambda', handler: 'remaining' });
    const { before, after } = jsonOf(await worker.invoke({ remainingMs: 900 })) as {
      before: number;
      after: number;
    };
    assert.ok(before <= 900 && before > 700, `${before}`);
    assert.ok(after <= before - 25 && after > 0, `${after}`);
  });

  it('the context has its names', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter: 'aws-lambda', handler: 'context' });
    const context = jsonOf(await worker.invoke()) as Record<string, unknown>;
    assert.equal(context.awsRequestId, 'req-1-1-000001');
    assert.equal(context.functionName, 'x');
    assert.equal(context.functionVersion, 'default');
    assert.equal(context.callbackWaitsForEmptyEventLoop, false);
    assert.equal(context.done, 'function');
    assert.deepEqual((context.fastfn as Record<string, unknown>).request_id, 'req-1-1-000001');
  });
});

describe('the cloudflare-worker adapter', () => {
  const adapter = { adapter: 'cloudflare-worker', env: { PLACE: 'here' } } as const;

  it('fetch gets a standard Request, the environment and a context', async (test) => {
    const worker = await loaded(test, 'cloudflare', adapter);
    const event = {
      method: 'POST',
      raw_path: '/a%20b?x=1',
      context: { request_id: 'req-1-1-000001', forwarded: { proto: 'https', host: null } },
      headers: {
        host: 'shop.example.test:8443',
        'x-forwarded-proto': 'ftp',
        'content-length': '4',
        connection: 'keep-alive',
        'x-many': ['1', '2'],
      },
    };
    const seen = jsonOf(await worker.invoke({ event, body: Buffer.from([0xff, 0, 1, 2]) }));
    assert.deepEqual(seen, {
      greeting: 'hello from here',
      url: 'https://shop.example.test:8443/a%20b?x=1',
      method: 'POST',
      headers: { 'x-forwarded-proto': 'ftp', 'x-many': '1, 2' },
      bytes: [0xff, 0, 1, 2],
      id: 'req-1-1-000001',
      hasSignal: true,
    });
  });

  it('two cookies stay two', async (test) => {
    const worker = await loaded(test, 'cloudflare', adapter);
    const answer = await worker.invoke({ event: { raw_path: '/cookies' } });
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  });

  it('work that fails after the answer is one line in the log', async (test) => {
    const worker = await loaded(test, 'cloudflare', adapter);
    const heard = worker.waitFor((message) => message.type === 'log');
    assert.equal((await worker.invoke({ event: { raw_path: '/wait' } })).body.toString(), 'answered');
    const line = await heard;
    assert.ok(line.type === 'log');
    const { event, error } = JSON.parse(line.text) as Record<string, unknown>;
    assert.deepEqual([event, error], ['wait_until_rejection', 'background']);
  });

  it('a module without fetch says so', async (test) => {
    const worker = await loaded(test, 'no-handler', adapter);
    assert.equal(
      (await worker.invoke()).error,
      'cloudflare-worker adapter requires fetch(request, env, ctx)',
    );
  });
});
