// Handlers written for AWS Lambda and in Cloudflare's style, run by a Python worker (contract/invocation.md 8).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonOf, loadBehaviour, loaded, skip, startWorker } from './python-worker.ts';

const adapter = 'aws-lambda';

describe('python lambda', { skip }, () => {
  it('the event is that of API Gateway, payload 2.0', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter, handler: 'event' });
    const event = {
      method: 'post',
      path: '/x',
      raw_path: '/x?y=1&y=2&z',
      query: { y: ['1', '2'], z: true },
      params: { id: '7' },
      headers: { host: 'api.example.test', cookie: 'a=1; b=2', accept: ['a', 'b'] },
      client: { ip: '203.0.113.9', ua: 'curl' },
    };
    const answer = await worker.invoke({ event, body: '{"a":1}' });
    // An event has a `body`, so that returned as it is it passes for an answer.
    assert.equal(answer.body.toString(), '{"a":1}');
    const whole = await loaded(test, 'lambda', { adapter, handler: 'whole' });
    const seen = jsonOf(await whole.invoke({ event, body: '{"a":1}' })) as { event: Record<string, unknown> };
    assert.deepEqual(seen.event, {
      version: '2.0',
      routeKey: 'POST /x',
      rawPath: '/x',
      rawQueryString: 'y=1&y=2&z',
      cookies: ['a=1', 'b=2'],
      headers: { host: 'api.example.test', cookie: 'a=1; b=2', accept: 'a,b' },
      queryStringParameters: { y: '1,2', z: '' },
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
          userAgent: 'curl',
        },
        requestId: 'req-1-1-000001',
        routeKey: 'POST /x',
        stage: '$default',
        time: '14/Nov/2023:22:13:20 +0000',
        timeEpoch: 1_700_000_000_000,
      },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
  });

  it('what is absent is absent as AWS has it; bytes come as base64', async (test) => {
    const worker = await loaded(test, 'lambda', { adapter, handler: 'whole' });
    const bare = jsonOf(await worker.invoke()) as { event: Record<string, unknown> };
    const { cookies, queryStringParameters, pathParameters, body, rawQueryString } = bare.event;
    assert.deepEqual(
      [cookies, queryStringParameters, pathParameters, body, rawQueryString],
      [null, null, null, '', ''],
    );
    const bytes = jsonOf(await worker.invoke({ body: Buffer.from([0xff]) })) as {
      event: Record<string, unknown>;
    };
    assert.deepEqual([bytes.event.body, bytes.event.isBase64Encoded], ['/w==', true]);
    const encoded = jsonOf(
      await worker.invoke({ event: { raw_path: '/x', query: { q: ['a b', 'c'], n: null, t: true } } }),
    ) as { event: Record<string, unknown> };
    assert.equal(encoded.event.rawQueryString, 'q=a+b&q=c&t=');
  });

  it('a handler gets as many arguments as it declares, also as a coroutine', async (test) => {
    for (const [handler, status, body] of [
      ['handler', 200, '/x req-1-1-000001'],
      ['alone', 201, '2.0'],
      ['nothing', 204, ''],
      ['coroutine', 202, 'x'],
    ] as const) {
      const answer = await (await loaded(test, 'lambda', { adapter, handler })).invoke();
      assert.deepEqual([answer.error, answer.status, answer.body.toString()], [null, status, body]);
    }
  });

  it('the context has both spellings and a clock that runs down', async (test) => {
    const context = await loaded(test, 'lambda', { adapter, handler: 'context' });
    assert.deepEqual(jsonOf(await context.invoke()), [
      'req-1-1-000001',
      'req-1-1-000001',
      'x',
      'default',
      '',
      false,
      5000,
    ]);
    const remaining = await loaded(test, 'lambda', { adapter, handler: 'remaining' });
    const seen = jsonOf(await remaining.invoke({ remainingMs: 900 })) as { before: number; after: number };
    assert.ok(seen.before <= 900 && seen.after <= seen.before - 30 && seen.after > 0, JSON.stringify(seen));
    const late = jsonOf(await remaining.invoke({ remainingMs: 0 })) as { before: number; after: number };
    assert.deepEqual(late, { before: 0, after: 0 });
  });
});

describe('python cloudflare', { skip }, () => {
  const cloudflare = 'cloudflare-worker';

  it('fetch gets request, env and ctx', async (test) => {
    const worker = await loaded(test, 'cloudflare', { adapter: cloudflare, env: { PLACE: 'here' } });
    const event = {
      method: 'post',
      raw_path: '/json?a=1',
      context: { request_id: 'req-1-1-000001', forwarded: { proto: 'https', host: 'h.test:1' } },
      headers: { host: 'inner.test', 'x-forwarded-proto': 'ftp' },
    };
    const plain = jsonOf(await worker.invoke({ event, body: '{"a":1}' }));
    assert.deepEqual(plain, {
      greeting: 'hello from here',
      url: 'https://h.test:1/json?a=1',
      method: 'POST',
      host: 'inner.test',
      bytes: [...Buffer.from('{"a":1}')],
      text: '{"a":1}',
      json: null,
      id: 'req-1-1-000001',
    });
    const json = jsonOf(await worker.invoke({ event: { ...event, raw_path: '/json' }, body: '{"a":1}' }));
    assert.deepEqual((json as { json: unknown }).json, { a: 1 });
    const bytes = jsonOf(await worker.invoke({ event, body: Buffer.from([0xff, 0x00]) }));
    assert.deepEqual((bytes as { bytes: unknown }).bytes, [0xff, 0x00]);
  });

  it('work after the answer that fails is one line in the log', async (test) => {
    const async = await loaded(test, 'cloudflare', { adapter: cloudflare, env: { PLACE: 'here' } });
    const plain = await loaded(test, 'cloudflare-plain', { adapter: cloudflare });
    for (const [worker, body] of [
      [async, 'answered'],
      [plain, 'GET'],
    ] as const) {
      const heard = worker.waitFor((message) => message.type === 'log');
      assert.equal((await worker.invoke({ event: { raw_path: '/wait' } })).body.toString(), body);
      const log = await heard;
      assert.ok(log.type === 'log' && log.stream === 'stderr');
      const line = JSON.parse(log.text) as Record<string, unknown>;
      assert.deepEqual(
        [line.component, line.event, line.error, line.request_id],
        ['python_worker', 'wait_until_rejection', 'background', 'req-1-1-000001'],
      );
    }
  });

  it('a module without fetch is refused', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'no-handler', { adapter: cloudflare });
    assert.equal(
      verdict.type === 'load_failed' && verdict.error,
      'cloudflare-worker adapter requires fetch(request, env, ctx)',
    );
  });
});
