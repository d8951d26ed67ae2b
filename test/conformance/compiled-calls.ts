// How the handler of a compiled language is called, what it sees, and what its failures say (contract/invocation.md 3, 6,
// 10 and 12).

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type CompiledProgram, forCase } from './compiled-worker.ts';
import type { Answer } from './harness.ts';

interface Seen {
  readonly event: Record<string, unknown>;
  readonly params: unknown;
  readonly env: unknown;
}

function seen(answer: Answer): Seen {
  assert.equal(answer.error, null);
  return JSON.parse(answer.body.toString('utf8')) as Seen;
}

/** Case -> what the failure says. */
export type FailureRow = readonly [name: string, error: string | RegExp, detail: RegExp];

export function describeEvents(title: string, program: () => CompiledProgram): void {
  describe(title, () => {
    it('every key of the event is there, and the environment is the process’s too', async (test) => {
      const env = { AT_START: 'yes', 'not=a name': 'kept in the event' };
      const worker = await program().loaded(test, { env, context: { runtime: 'x', pool: { a: [1] } } });
      const { event, env: ofProcess } = seen(await worker.invoke());
      assert.deepEqual([event['body'], event['is_base64'], event['body_base64']], [null, false, null]);
      assert.deepEqual(event['env'], env);
      assert.equal(ofProcess, 'yes');
      const context = event['context'] as Record<string, unknown>;
      assert.deepEqual(
        [context['runtime'], context['pool'], context['function_name']],
        ['x', { a: [1] }, 'x'],
      );
      const merged = seen(await worker.invoke({ event: { env: { AT_START: 'lost', B: 'kept' } } })).event;
      assert.deepEqual(merged['env'], { ...env, B: 'kept' });
    });

    it('path parameters stand beside the other keys, where none but the request’s id has their name', async (test) => {
      const worker = await program().loaded(test);
      const params = { id: '7', method: 'mine' };
      const { event, params: given } = seen(await worker.invoke({ event: { params } }));
      assert.deepEqual([event['id'], event['method']], ['7', 'GET']);
      assert.equal(seen(await worker.invoke()).event['id'], 'req-1-1-000001');
      assert.deepEqual([event['params'], given], [params, params]);
      const free = seen(await worker.invoke({ event: { params: { slug: 'a/b' } } }));
      assert.equal(free.event['slug'], 'a/b');
      assert.deepEqual(seen(await worker.invoke({ event: { params: undefined } })).params, {});
    });

    it('query values are text, true and lists', async (test) => {
      const query = { a: ['1', '2'], b: true, c: '' };
      const { event } = seen(await (await program().loaded(test)).invoke({ event: { query } }));
      assert.deepEqual(event['query'], query);
    });

    it('bytes that are no text arrive as base64, text in chunks as text', async (test) => {
      const worker = await program().loaded(test);
      for (const [bytes, base64] of [
        [[0xff, 0x00, 0x80], '/wCA'],
        [[0xff, 0x00], '/wA='],
        [[0xff], '/w=='],
      ] as const) {
        const { event } = seen(await worker.invoke({ body: Buffer.from(bytes) }));
        assert.deepEqual([event['body'], event['is_base64'], event['body_base64']], [null, true, base64]);
      }
      const large = 'ä'.repeat(500_000);
      assert.equal(
        (await worker.invoke({ ...forCase('length'), body: Buffer.from(large) })).body.toString(),
        '1000000',
      );
      const empty = seen(await worker.invoke({ body: Buffer.alloc(0) })).event;
      assert.deepEqual([empty['body'], empty['is_base64']], [null, false]);
    });
  });
}

/** What the case `reach` can do where nothing holds it back: without this, a jail that refuses it would prove nothing. */
export function describeReach(title: string, program: () => CompiledProgram): void {
  describe(title, () => {
    it('every attempt is possible without a jail', async (test) => {
      const folder = mkdtempSync(join(tmpdir(), 'reach-'));
      test.after(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'fn.env.json'), '{}');
      const worker = await program().loaded(test);
      const answer = await worker.invoke({ ...forCase('reach'), body: folder });
      const { 'become a program': became, ...others } = JSON.parse(answer.body.toString()) as Record<
        string,
        string
      >;
      assert.match(became ?? '', /^no such file/i);
      assert.deepEqual(new Set(Object.values(others)), new Set(['done']));
    });
  });
}

export function describeCalls(
  title: string,
  program: () => CompiledProgram,
  failures: readonly FailureRow[],
): void {
  describe(title, () => {
    it('a worker takes many calls at once and says its version', async (test) => {
      const worker = program().start(test);
      const verdict = await worker.load({ entry: '/nowhere/handler' });
      assert.ok(verdict.type === 'ready');
      assert.equal(verdict.concurrency, 64);
      assert.match(verdict.runtime_version, /^1\.\d+(\.\d+)?$/);
    });

    it('64 calls that each sleep take as long as a few', async (test) => {
      const worker = await program().loaded(test);
      const start = performance.now();
      const answers = await Promise.all(Array.from({ length: 64 }, () => worker.invoke(forCase('sleeps'))));
      assert.ok(answers.every((answer) => answer.body.toString() === 'slept'));
      // One after the other: 6.4 s.
      assert.ok(performance.now() - start < 3_000);
    });

    it('state outlives a call, and a handler runs once for each', async (test) => {
      const worker = await program().loaded(test);
      for (const count of ['1', '2', '3'])
        assert.equal((await worker.invoke(forCase('count'))).body.toString(), count);
    });

    it('a failure is told with its text and its place, and the worker lives', async (test) => {
      const worker = await program().loaded(test);
      for (const [name, error, detail] of failures) {
        const answer = await worker.invoke(forCase(name));
        if (typeof error === 'string') assert.equal(answer.error, error, name);
        else assert.match(answer.error ?? '', error, name);
        assert.match(answer.detail ?? '', detail, name);
      }
      const long = await worker.invoke(forCase('error-long'));
      assert.match(long.error ?? '', /^ü+\.\.\.$/);
      assert.ok(
        Buffer.byteLength(long.error ?? '') <= 8_192 && Buffer.byteLength(long.detail ?? '') <= 8_192,
      );
      assert.equal((await worker.invoke(forCase('fine'))).error, null);
    });

    it('a cancelled call is told and ends with what its handler then says', async (test) => {
      const worker = await program().loaded(test);
      const { id, answer } = worker.begin(forCase('waits'));
      worker.send({ type: 'ping', n: 5 });
      await worker.waitFor((message) => message.type === 'pong');
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      assert.match((await answer).error ?? '', /^(context canceled|told to end)$/);
    });

    it('the end of the process ends the calls', async (test) => {
      const worker = await program().loaded(test);
      worker.begin(forCase('exit')).answer.catch(() => {});
      assert.equal(await worker.exited, 3);
    });
  });
}
