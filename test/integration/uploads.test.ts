// Request bodies through a whole gateway: large and binary ones arrive unharmed in every language, and handlers that ask for
// it read them while they arrive.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { StreamClient } from './support/stream-client.ts';

const hasPhp = spawnSync('php', ['-v']).status === 0;
const mib = 1_048_576;
const reads = (extension: string) =>
  readFileSync(
    join(import.meta.dirname, `../../fixtures/behaviours/reads-stream/handler.${extension}`),
    'utf8',
  );

/** Time enough for a warm worker on a busy machine, and less than a slow client takes. */
const timeoutMs = 1000;
const whole = JSON.stringify({ invoke: { methods: ['POST'] }, max_body_bytes: 8 * mib, timeout_ms: 20_000 });
const streamed = (invoke: Record<string, string> = {}, limit = 64 * mib) =>
  JSON.stringify({
    invoke: { methods: ['POST'], body_mode: 'stream', ...invoke },
    max_body_bytes: limit,
    timeout_ms: timeoutMs,
    stream: { idle_ms: 1500 },
    worker_pool: { max_workers: 1, max_queue: 1, queue_timeout_ms: 3000, min_warm: 1 },
  });
/** For what takes its time on a machine that has much else to do. */
const patient = (invoke: Record<string, string> = {}) =>
  JSON.stringify({
    invoke: { methods: ['POST'], body_mode: 'stream', ...invoke },
    max_body_bytes: 64 * mib,
    timeout_ms: 20_000,
  });
const tree = {
  'whole/js/handler.js': `const { createHash } = require('node:crypto');
exports.handler = (event) => {
  const bytes = event.is_base64 ? Buffer.from(event.body_base64, 'base64') : Buffer.from(event.body ?? '');
  return { length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
};\n`,
  'whole/py/handler.py': `import base64, hashlib
def handler(event):
    data = base64.b64decode(event["body_base64"]) if event["is_base64"] else (event["body"] or "").encode()
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}\n`,
  'whole/web/handler.php': `<?php
function handler($event) {
    $data = $event['is_base64'] ? base64_decode($event['body_base64']) : (string) $event['body'];
    return ['length' => strlen($data), 'sha256' => hash('sha256', $data)];
}\n`,
  'whole/js/fn.config.json': whole,
  'whole/py/fn.config.json': whole,
  'whole/web/fn.config.json': whole,
  'read/js/handler.js': reads('js'),
  'read/js/fn.config.json': streamed(),
  'read/plain/handler.py': reads('py'),
  'read/plain/fn.config.json': streamed(),
  'read/loop/handler.py': reads('py'),
  'read/loop/fn.config.json': streamed({ handler: 'coroutine' }),
  'large/js/handler.js': reads('js'),
  'large/js/fn.config.json': patient(),
  'large/plain/handler.py': reads('py'),
  'large/plain/fn.config.json': patient(),
  'large/loop/handler.py': reads('py'),
  'large/loop/fn.config.json': patient({ handler: 'coroutine' }),
  'small/js/handler.js': reads('js'),
  'small/js/fn.config.json': streamed({}, 1000),
  'small/plain/handler.py': reads('py'),
  'small/plain/fn.config.json': streamed({}, 1000),
};

const recorded = recordingLog();
let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway(tree, { FN_MAX_BODY_BYTES: String(64 * mib) }, recorded.log);
  // A deadline holds for the start of a worker, too.
  for (const name of ['read/js', 'read/plain', 'read/loop', 'small/js', 'small/plain']) {
    await eventually(async () => {
      const answer = await ask(gateway.url, `/${name}?case=unread`, { method: 'POST', body: 'x' });
      assert.equal(answer.status, 200, answer.text);
    });
  }
});
after(() => gateway.close());

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const post = (target: string, ...headers: string[]) =>
  new StreamClient(gateway.url, target, { method: 'POST', headers });
const postChunked = (target: string) => post(target, 'Transfer-Encoding: chunked');
const digestOf = (bytes: Buffer) => ({
  length: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

describe('uploads: bodies as a whole', () => {
  for (const name of ['js', 'py', 'web']) {
    test(`${name}: large text, large bytes and a few bad ones arrive unharmed`, {
      skip: name === 'web' && !hasPhp ? 'no php on this host' : false,
    }, async () => {
      const bodies = [
        randomBytes(6 * mib),
        Buffer.from('é€😀 '.repeat(200_000)),
        Buffer.from([0xff, 0x00, 0x80]),
        // A character cut in half at the end.
        Buffer.concat([Buffer.alloc(100_000, 'a'), Buffer.from([0xe2, 0x82])]),
      ];
      for (const body of bodies) {
        const answer = await ask(gateway.url, `/whole/${name}`, { method: 'POST', body });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json(), digestOf(body));
      }
    });
  }
});

describe('uploads: bodies that a handler reads while they arrive', () => {
  for (const name of ['js', 'plain', 'loop']) {
    test(`${name}: 48 MiB pass in constant memory`, async () => {
      const piece = randomBytes(mib);
      const hash = createHash('sha256');
      const before = process.memoryUsage().rss;
      let most = before;
      const answered = Promise.withResolvers<string>();
      const { hostname, port } = new URL(gateway.url);
      const sent = request({
        hostname,
        port,
        method: 'POST',
        path: `/large/${name}?case=length`,
        agent: false,
      });
      sent.on('error', answered.reject);
      sent.on('response', async (response) => {
        let text = '';
        for await (const part of response) text += part;
        answered.resolve(text);
      });
      for (let count = 0; count < 48; count += 1) {
        hash.update(piece);
        // An answer that comes too early is a failure, not a reason to wait.
        if (!sent.write(piece)) await Promise.race([once(sent, 'drain'), answered.promise]);
        most = Math.max(most, process.memoryUsage().rss);
      }
      sent.end();
      assert.deepEqual(JSON.parse(await answered.promise), { length: 48 * mib, sha256: hash.digest('hex') });
      const grown = Math.round((most - before) / mib);
      assert.ok(grown < 40, `the gateway (and its client) grew by ${grown} MiB`);
    });

    test(`${name}: the handler runs before the body is there, and a slow client is not late`, async () => {
      const client = postChunked(`/read/${name}?case=reports`);
      const pieces = recorded.saying('piece 5').length;
      for (let count = 1; count <= 5; count += 1) {
        client.socket.write(chunk('12345'));
        await eventually(() => assert.equal(recorded.saying('piece 5').length, pieces + count));
        await sleep(timeoutMs / 4);
      }
      client.socket.write('0\r\n\r\n');
      assert.equal(await client.ended, 'whole');
      assert.deepEqual([client.status, client.body], [200, 'whole'], 'longer than the deadline');
    });

    test(`${name}: body and answer flow at the same time`, async () => {
      const client = postChunked(`/read/${name}?case=echo`);
      for (const text of ['one,', 'two,', 'three']) {
        client.socket.write(chunk(text));
        await client.until(() => client.body.endsWith(text));
      }
      client.socket.write('0\r\n\r\n');
      assert.equal(await client.ended, 'whole');
      assert.equal(client.body, 'one,two,three');
    });

    test(`${name}: a client that says nothing more is 408, one that leaves makes the read fail`, async () => {
      const silent = postChunked(`/read/${name}?case=reports`);
      silent.socket.write(chunk('12345'));
      await silent.until(() => silent.head !== '');
      assert.equal(silent.status, 408);
      silent.leave();
      const words = name === 'loop' ? 'cancelled' : 'the client has gone';
      const before = recorded.saying(words).length;
      const leaving = postChunked(`/read/${name}?case=reports`);
      const pieces = recorded.saying('piece 7').length;
      leaving.socket.write(chunk('1234567'));
      await eventually(() => assert.equal(recorded.saying('piece 7').length, pieces + 1));
      leaving.leave();
      await eventually(() => assert.equal(recorded.saying(words).length, before + 1));
      assert.equal(
        (await ask(gateway.url, `/read/${name}?case=text`, { method: 'POST', body: 'é' })).text,
        'é',
      );
    });

    test(`${name}: an answer before the end of the body, and none at all`, async () => {
      const early = post(`/read/${name}?case=unread`, `Content-Length: ${10 * mib}`);
      early.socket.write('12345');
      await early.until(() => early.body === 'unread');
      assert.deepEqual([early.status, early.header('connection')], [200, 'close']);
      early.leave();
      const none = await ask(gateway.url, `/read/${name}?case=kind`, { method: 'POST' });
      assert.equal(none.text, name === 'js' ? 'null' : 'NoneType');
    });

    test(`${name}: Expect: 100-continue is answered once the handler is there`, async () => {
      const client = post(`/read/${name}?case=text`, 'Content-Length: 2', 'Expect: 100-continue');
      await client.until(() => client.text.includes('100 Continue'));
      client.text = '';
      client.socket.write('ok');
      await client.ended;
      assert.equal(client.body, 'ok');
    });
  }

  for (const name of ['js', 'plain']) {
    test(`${name}: a byte over the limit is 413 while the handler reads, and it hears why`, async () => {
      const exact = await ask(gateway.url, `/small/${name}?case=length`, {
        method: 'POST',
        body: 'x'.repeat(1000),
      });
      assert.equal(exact.json().length, 1000);
      const told = await ask(gateway.url, `/small/${name}?case=length`, {
        method: 'POST',
        body: 'x'.repeat(1001),
      });
      assert.equal(told.status, 413, 'by Content-Length');
      const before = recorded.saying('over its limit').length;
      const client = postChunked(`/small/${name}?case=reports`);
      client.socket.write(chunk('x'.repeat(600)));
      await sleep(50);
      client.socket.write(chunk('x'.repeat(600)));
      await client.until(() => client.head !== '');
      assert.equal(client.status, 413);
      client.leave();
      await eventually(() => assert.equal(recorded.saying('over its limit').length, before + 1));
    });
  }

  test('what reaches the handler late does not reach it twice: the body counts until its last byte', async () => {
    const client = postChunked('/read/js?case=stuck');
    client.socket.write(chunk('x'));
    client.socket.write('0\r\n\r\n');
    const since = performance.now();
    await client.until(() => client.head !== '');
    assert.equal(client.status, 504);
    assert.ok(performance.now() - since < timeoutMs + 3000);
  });
});
