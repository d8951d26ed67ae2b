// Answers and request bodies that come piece by piece, through a whole gateway.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../integration/support/eventually.ts';
import type { GatewayPromise } from './promise.ts';

const megabytes = 24;

export const streamPromises: readonly GatewayPromise[] = [
  {
    promise: 'pieces are one answer; the first says the type where nothing else does',
    check: async (subject) => {
      const answer = await subject.call('stream');
      assert.deepEqual([answer.status, answer.text], [200, 'one,two']);
      assert.match(answer.headers['content-type'] ?? '', /^(?:text\/plain|application\/octet-stream)/);
    },
  },
  {
    promise: 'events keep their status and type, and nothing holds them back',
    check: async (subject) => {
      const answer = await subject.call('events', {}, { headers: { 'accept-encoding': 'gzip' } });
      assert.deepEqual([answer.status, answer.text], [201, 'data: 1\n\ndata: 2\n\n']);
      const { headers } = answer;
      assert.deepEqual(
        [
          headers['content-type'],
          headers['content-encoding'],
          headers['cache-control'],
          headers['x-accel-buffering'],
        ],
        ['text/event-stream', undefined, 'no-cache', 'no'],
      );
    },
  },
  {
    promise: 'each piece goes out as it comes, and a client that leaves ends the source',
    check: async (subject) => {
      const before = subject.logged('source closed');
      const client = subject.stream('endless');
      await client.until(() => client.body.split('data: on').length > 4);
      client.leave();
      await eventually(() => assert.equal(subject.logged('source closed'), before + 1));
      assert.equal((await subject.returns('"on"')).text, 'on');
    },
  },
  {
    promise: 'a failure in the middle cuts the connection, and the log says why',
    check: async (subject) => {
      const before = subject.failures('source broke');
      const client = subject.stream('breaks');
      assert.equal(await client.ended, 'cut');
      assert.deepEqual([client.status, client.body], [200, 'begun']);
      await eventually(() => assert.equal(subject.failures('source broke'), before + 1));
    },
  },
  {
    promise: 'a long answer passes whole; one that nobody takes is held back',
    check: async (subject) => {
      const query = { count: String(megabytes) };
      const answer = await subject.call('megabytes', query);
      assert.deepEqual(
        [answer.headers['content-type'], answer.bytes.length],
        ['application/x-x', megabytes * 1_048_576],
      );
      const client = subject.stream('megabytes', query);
      client.keep = false;
      await client.until(() => client.byteCount > 0);
      client.socket.pause();
      const before = process.memoryUsage().rss;
      await sleep(150);
      const grown = (process.memoryUsage().rss - before) / 1_048_576;
      assert.ok(grown < megabytes * 0.75, `the gateway grew by ${Math.round(grown)} MiB`);
      client.socket.resume();
      await client.until(() => client.byteCount >= megabytes * 1_048_576, 20_000);
    },
  },
];
