// What a handler is given, what it prints, how it fails, and what it leaves behind (contract/invocation.md 3, 5-7, 10-12).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../integration/support/eventually.ts';
import type { GatewayPromise } from './promise.ts';
import { deadlineMs, type Subject, secret } from './world.ts';

const compiledDeadline = 'timeout_ms of a compiled language is never below 180 s (contract/policy.md 2)';
const compiledName =
  'the compiler looks for the name: a wrong one is a build that fails, before there is a worker';

const post = (body: string | Buffer) => ({ method: 'POST', body });

async function eventOf(subject: Subject, query: Record<string, string> = {}, options = {}) {
  return (await subject.call('event', query, options)).json().event;
}

async function mirrored(subject: Subject, body: Buffer): Promise<void> {
  const answer = await subject.call('mirror', {}, post(body));
  assert.equal(answer.status, 200, answer.text.slice(0, 200));
  assert.ok(answer.bytes.equals(body), `${answer.bytes.length} of ${body.length} bytes`);
}

/** It answers the next call in time, by the same worker or another one. */
async function goesOn(subject: Subject, kind: 'plain' | 'brief' = 'plain'): Promise<void> {
  await eventually(async () => {
    const answer = await subject.call('returns', { value: '"on"' }, {}, kind);
    assert.deepEqual([answer.status, answer.text], [200, 'on']);
  });
}

export const callPromises: readonly GatewayPromise[] = [
  {
    promise: 'what is absent is null in the event, and its key is there',
    cannot: { lua: 'a Lua table cannot hold nil: a key that is absent reads as nil all the same' },
    check: async (subject) => {
      const event = await eventOf(subject);
      assert.deepEqual(
        [event.body, event.body_base64, event.session, event.context.user],
        [null, null, null, null],
      );
    },
  },
  {
    promise: 'the event says what was asked for, by whom, and when',
    check: async (subject) => {
      const event = await eventOf(subject);
      assert.deepEqual(
        [event.method, event.params, event.path_params],
        ['GET', { word: '7' }, { word: '7' }],
      );
      assert.deepEqual([event.is_base64, event.body ?? null], [false, null]);
      assert.match(event.id, /^req-/);
      assert.equal(typeof event.ts, 'number');
      assert.ok(event.path.endsWith('/7') && event.raw_path.includes('/7?case=event'), event.raw_path);
      assert.deepEqual(
        [event.version, event.client.ip, event.env.PROMISED],
        ['default', '127.0.0.1', 'kept'],
      );
    },
  },
  {
    promise: 'event.context says who is called, and within which limits',
    check: async (subject) => {
      const { context, id } = await eventOf(subject);
      const { runtime, version, timeout_ms, max_concurrency, max_body_bytes } = context;
      assert.deepEqual([runtime, version], [subject.language.name, 'default']);
      assert.deepEqual([max_concurrency, max_body_bytes], [20, 4_194_304]);
      assert.ok(timeout_ms >= 20_000 && context.deadline_ms > Date.now());
      assert.deepEqual(
        [context.request_id, context.debug, context.worker_pool.max_workers],
        [id, { enabled: true }, 1],
      );
    },
  },
  {
    promise: 'what a handler changes in its event the next call does not see',
    check: async (subject) => {
      assert.deepEqual((await subject.call('changes-event')).json(), { changed: true });
      const { context, env } = await eventOf(subject);
      assert.deepEqual(
        [context.debug, context.runtime, env.PROMISED],
        [{ enabled: true }, subject.language.name, 'kept'],
      );
    },
  },
  {
    promise: 'query: lists for what comes twice, true for what has no value',
    check: async (subject) => {
      const answer = await subject.ask('case=event&a=1&a=2&b&c=&d=%C3%A9+x');
      const { case: name, ...query } = answer.json().event.query;
      assert.deepEqual([name, query], ['event', { a: ['1', '2'], b: true, c: '', d: 'é x' }]);
    },
  },
  {
    promise: 'headers in lower case, several lines as a list; the session from cookies',
    check: async (subject) => {
      const headers = { 'X-Word': ['a', 'b'], Cookie: 'sid=9; theme=dark=1' };
      const event = await eventOf(subject, {}, { headers });
      assert.deepEqual(event.headers['x-word'], ['a', 'b']);
      assert.deepEqual([event.session.id, event.session.cookies.theme], ['9', 'dark=1']);
    },
  },
  {
    promise: 'path parameters come directly',
    check: async (subject) => assert.equal((await subject.call('param')).text, '7'),
  },
  {
    promise: 'text and bytes travel unharmed both ways',
    check: async (subject) => {
      await mirrored(subject, Buffer.from('{"not": "parsed"} é€😀'));
      await mirrored(subject, Buffer.from([0xff, 0x00, 0x80]));
      await mirrored(subject, Buffer.from('a\0b'));
    },
  },
  {
    promise: 'large bodies, of text and of bytes, travel unharmed both ways',
    check: async (subject) => {
      await mirrored(subject, Buffer.from('€'.repeat(400_000)));
      await mirrored(subject, randomBytes(1_500_000));
    },
  },
  {
    promise: "the function's own environment is the process's",
    check: async (subject) => assert.equal((await subject.call('environment')).text, 'kept'),
  },
  {
    promise: 'a failure is a 500 with its message, and a secret in it is hidden',
    check: async (subject) => {
      const answer = await subject.call('throws');
      // Lua says before it where it is from (contract/invocation.md 10).
      assert.match(answer.json().error, /^(?:lua handler error: )?on purpose, with <hidden>$/);
      assert.equal(answer.status, 500);
      assert.ok(!answer.text.includes(secret));
      await goesOn(subject);
    },
  },
  {
    promise: 'what is printed goes to the log and to the debug headers, by stream',
    cannot: { lua: 'a Lua function has print and no stderr (contract/invocation.md 11)' },
    check: async (subject) => {
      const answer = await subject.call('prints');
      assert.equal(answer.text, 'printed');
      assert.deepEqual(
        [answer.headers['x-fn-stdout'], answer.headers['x-fn-stderr']],
        ['to stdout', 'to stderr'],
      );
      assert.ok(subject.logged('stdout] to stdout') > 0 && subject.logged('stderr] to stderr') > 0);
    },
  },
  {
    promise: 'what is printed before a failure is in the log',
    check: async (subject) => {
      assert.equal((await subject.call('prints-throws')).status, 500);
      await eventually(() => assert.ok(subject.logged('before it fails') > 0));
    },
  },
  {
    promise: 'a flood of output is cut and costs nobody an answer',
    check: async (subject) => {
      const before = subject.logged('stdout] line');
      assert.equal((await subject.call('floods')).text, 'flooded');
      await eventually(() => assert.ok(subject.logged('stdout] line') > before));
      assert.ok(subject.logged('stdout] line') - before < 12_000, 'all of 20 000 lines are there');
    },
  },
  {
    promise: 'what a worker keeps lasts from call to call',
    check: async (subject) => {
      const first = Number((await subject.call('counts')).text);
      assert.equal(Number((await subject.call('counts')).text), first + 1);
    },
  },
  {
    promise: 'invoke.handler names what is called',
    check: async (subject) => assert.equal((await subject.call('', {}, {}, 'named')).text, 'the other one'),
  },
  {
    promise: 'a handler that is not there is a 500 that names it',
    cannot: { rust: compiledName, go: compiledName },
    check: async (subject) => {
      const answer = await subject.call('', {}, {}, 'absent');
      assert.equal(answer.status, 500);
      assert.match(answer.json().error, /^(?:lua entrypoint must define )?absent\(event\)/);
    },
  },
  {
    promise: 'a call past its deadline is a 504, in time, and the function goes on',
    cannot: { rust: compiledDeadline, go: compiledDeadline },
    check: async (subject) => {
      await goesOn(subject, 'brief');
      for (const [name, ms] of [
        ['sleeps', '5000'],
        ['hangs', ''],
      ] as const) {
        const since = performance.now();
        const answer = await subject.call(name, { ms }, {}, 'brief');
        assert.deepEqual([answer.status, answer.json().error], [504, 'runtime timeout'], name);
        assert.ok(performance.now() - since < deadlineMs + 1500, name);
        await goesOn(subject, 'brief');
      }
    },
  },
  {
    promise: 'a client that leaves frees the place, also of a handler that never ends',
    check: async (subject) => {
      for (const name of ['sleeps', 'hangs']) {
        const client = subject.stream(name, { ms: '30000' });
        await sleep(150);
        client.leave();
        await goesOn(subject);
      }
    },
  },
  {
    promise: 'a process that ends in the middle costs its callers a 502, and nobody else',
    cannot: {
      php: 'exit ends the answer, not the worker: what was echoed until then is sent (contract/invocation.md 9.3)',
      lua: 'there is no exit in a Lua function (contract/sandbox.md, "Lua global table")',
    },
    check: async (subject) => {
      const answer = await subject.call('exits');
      assert.equal(answer.status, 502, answer.text);
      await goesOn(subject);
    },
  },
];
