// Answers that stream through a whole gateway, in every language that can: events at once, an idle limit in place of the
// deadline, clients that leave, handlers that break, and memory that stays where it is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { StreamClient } from './support/stream-client.ts';

const hasPhp = spawnSync('php', ['-v']).status === 0;
const program = (extension: string) =>
  readFileSync(join(import.meta.dirname, `../../fixtures/behaviours/live/handler.${extension}`), 'utf8');

/** Twice what memory may grow by. */
const megabytes = 200;
/** Far below what the streams of these tests take. */
const timeoutMs = 600;
const idleMs = 800;
const config = (invoke: Record<string, string> = {}) =>
  JSON.stringify({
    invoke,
    timeout_ms: timeoutMs,
    stream: { idle_ms: idleMs, max_ms: 20_000 },
    worker_pool: { max_workers: 1, max_queue: 1, queue_timeout_ms: 3000, min_warm: 1 },
  });
const tree = {
  'live-node/handler.js': program('js'),
  'live-node/fn.config.json': config(),
  'live-plain/handler.py': program('py'),
  'live-plain/fn.config.json': config(),
  'live-loop/handler.py': program('py'),
  'live-loop/fn.config.json': config({ handler: 'coroutine' }),
  'live-php/handler.php': program('php'),
  'live-php/fn.config.json': config(),
  'brief/handler.js': program('js'),
  'brief/fn.config.json': JSON.stringify({ stream: { max_ms: 300 } }),
};

const recorded = recordingLog();
let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway(tree, {}, recorded.log);
});
after(() => gateway.close());

const open = (target: string, options?: ConstructorParameters<typeof StreamClient>[2]) =>
  new StreamClient(gateway.url, target, options);

/** The one place of the function is free again, and its worker or the next one answers. */
async function stillServes(name: string): Promise<void> {
  await eventually(async () => {
    const answer = await ask(gateway.url, `/live-${name}?case=ticks&count=1&ms=1`);
    assert.deepEqual([answer.status, answer.text], [200, 'data: 1\n\n']);
  });
}

for (const name of ['node', 'plain', 'loop', 'php']) {
  const skip = name === 'php' && !hasPhp ? 'no php on this host' : false;

  describe(`streams: ${name}`, { skip }, () => {
    test('events arrive one by one, beyond the deadline, and nothing holds them back', async () => {
      await stillServes(name);
      const client = open(`/live-${name}?case=ticks&count=6&ms=150`, { headers: ['Accept-Encoding: gzip'] });
      await client.until(() => client.head !== '');
      assert.deepEqual([client.status, client.body], [200, ''], 'the head does not wait for the first event');
      assert.deepEqual(
        ['content-type', 'cache-control', 'x-accel-buffering', 'content-encoding', 'transfer-encoding'].map(
          (header) => client.header(header),
        ),
        ['text/event-stream', 'no-cache', 'no', null, 'chunked'],
      );
      const seen: number[] = [];
      for (let count = 1; count <= 6; count += 1) {
        await client.until(() => client.body.includes(`data: ${count}\n`));
        seen.push(client.body.split('\n\n').length - 1);
      }
      assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
      assert.equal(await client.ended, 'whole');
    });

    test('HEAD and a client of HTTP/1.0 get what they understand', async () => {
      const head = open(`/live-${name}?case=ticks&count=2&ms=100`, { method: 'HEAD' });
      await head.ended;
      assert.deepEqual([head.status, head.body], [200, '']);
      await stillServes(name);
      const old = open(`/live-${name}?case=ticks&count=2&ms=10`, { version: '1.0' });
      assert.equal(await old.ended, 'whole');
      assert.equal(old.header('transfer-encoding'), null);
      assert.equal(old.body, 'data: 1\n\ndata: 2\n\n');
    });

    test('a stream that says nothing for too long is cut, and its place is free', async () => {
      const client = open(`/live-${name}?case=silent`);
      await client.until(() => client.body === 'begun');
      const since = performance.now();
      assert.equal(await client.ended, 'cut');
      const waited = performance.now() - since;
      assert.ok(waited > idleMs - 100 && waited < idleMs + 1500, `${Math.round(waited)} ms`);
      await stillServes(name);
    });

    test('a client that leaves ends the handler, which may clean up', async () => {
      for (const kind of name === 'php' ? ['until-closed', 'flushing'] : ['until-closed']) {
        const before = recorded.saying('source closed').length;
        const client = open(`/live-${name}?case=${kind}`);
        await client.until(() => client.body.length > 30);
        client.leave();
        await eventually(() => assert.equal(recorded.saying('source closed').length, before + 1));
        await stillServes(name);
      }
    });

    test('a handler that fails in the middle cuts the connection, and the log says why', async () => {
      const before = recorded.saying('handler failed').length;
      const client = open(`/live-${name}?case=breaks`);
      assert.equal(await client.ended, 'cut');
      assert.deepEqual([client.status, client.body], [200, 'begun']);
      const [failure] = recorded.saying('handler failed').slice(before);
      assert.equal(failure?.error, 'source broke');
      // To this one an orderly close would look like the end of the body.
      assert.equal(await open(`/live-${name}?case=breaks`, { version: '1.0' }).ended, 'reset');
    });

    test('200 MB pass in constant memory', async () => {
      const worker = gateway.workers().find((each) => each.functionKey.includes(`/live-${name}/`));
      assert.ok(worker !== undefined);
      const client = open(`/live-${name}?case=bytes&count=${megabytes}`);
      client.keep = false;
      const before = process.memoryUsage().rss;
      let most = before;
      const watch = setInterval(() => {
        most = Math.max(most, process.memoryUsage().rss);
      }, 20);
      await client.until(() => client.byteCount >= megabytes * 16 * 65_532, 30_000);
      await client.ended;
      clearInterval(watch);
      assert.ok(client.byteCount >= megabytes * 16 * 65_532, String(client.byteCount));
      const grown = Math.round((most - before) / 1_048_576);
      assert.ok(grown < 120, `the gateway (and its client) grew by ${grown} MiB`);
      const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1]);
      assert.ok(peak < 160 * 1024, `the worker had ${Math.round(peak / 1024)} MiB`);
    });

    test('a client that takes nothing holds its handler back', async () => {
      const client = open(`/live-${name}?case=bytes&count=${megabytes}`);
      client.keep = false;
      await client.until(() => client.byteCount > 0);
      client.socket.pause();
      const before = process.memoryUsage().rss;
      // Beyond the idle limit: a slow reader is not a silent handler.
      await sleep(idleMs + 200);
      const grown = Math.round((process.memoryUsage().rss - before) / 1_048_576);
      assert.ok(grown < 40, `the gateway grew by ${grown} MiB`);
      // What it has sent until then still comes; the handler goes on where it was.
      const received = client.byteCount;
      client.socket.resume();
      await client.until(() => client.byteCount > received + 4_000_000);
      client.leave();
      await stillServes(name);
    });
  });
}

describe('streams: their limits', () => {
  test('a stream has a longest life', async () => {
    const client = open('/brief?case=ticks&count=100&ms=30');
    assert.equal(await client.ended, 'cut', client.text);
    assert.ok(client.body.startsWith('data: 1\n\ndata: 2\n\n'));
  });

  test('draining lets a stream come to its end, and cuts what takes longer than the drain', async () => {
    const second = await startTestGateway(
      { 'live/handler.js': program('js'), 'live/fn.config.json': '{"invoke": {"methods": ["GET"]}}' },
      { FN_DRAIN_TIMEOUT_MS: '700' },
    );
    const short = new StreamClient(second.url, '/live?case=ticks&count=6&ms=50');
    const endless = new StreamClient(second.url, '/live?case=until-closed');
    await short.until(() => short.body !== '');
    await endless.until(() => endless.body !== '');
    const since = performance.now();
    await second.close();
    const took = performance.now() - since;
    assert.equal(await short.ended, 'whole');
    assert.ok(short.body.endsWith('data: 6\n\n'), short.text);
    assert.equal(await endless.ended, 'cut');
    assert.ok(took < 3000, `${Math.round(took)} ms`);
  });
});
