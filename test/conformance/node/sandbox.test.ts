// The Node worker under Node's permission model, as the gateway starts it: refusals in words a person understands
// (contract/sandbox.md 5 and 6). The kernel's layer has tests of its own; this is the language's.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WorkerProcess } from '../harness.ts';
import { behaviourEntry, jsonOf, loaded, nodeProgram, startWorker } from './node-worker.ts';

const entry = behaviourEntry('sandboxed');
const jail = nodeProgram({ read: [`${dirname(entry)}/*`] });
const outside = 'path outside strict function sandbox: /etc/passwd';
const secret = `access to protected function config/env file denied: ${join(dirname(entry), 'fn.env.json')}`;
const subprocess = 'subprocess disabled by strict function sandbox';

function denied(message: string): object {
  return { code: 'EACCES', message };
}

const rows: readonly [promise: string, attempt: string, expected: object][] = [
  ['its own file can be read', 'own', { value: true }],
  ['a path outside', 'sync', denied(outside)],
  ['a path outside as bytes', 'buffer', denied(outside)],
  ['a path outside as URL', 'url', denied(outside)],
  ['a path outside by promise', 'promise', denied(outside)],
  ['a path outside by node:fs/promises', 'promises', denied(outside)],
  ['a path outside by callback', 'callback', denied(outside)],
  ['a path outside by promisify', 'promisified', denied(outside)],
  ['a path outside as stream', 'stream', denied(outside)],
  ['a copy from outside', 'copy', denied(outside)],
  ['a folder outside', 'opendir', denied('path outside strict function sandbox: /etc')],
  ['writing the own handler', 'writeSelf', denied(`path outside strict function sandbox: ${entry}`)],
  ['what is outside does not exist', 'exists', { value: false }],
  ['a protected file does not exist', 'existsSecret', { value: false }],
  ['a protected file does not exist by callback', 'existsLater', { value: false }],
  ['a protected file', 'secret', denied(secret)],
  ['a protected file as bytes by promise', 'secretBuffer', denied(secret)],
  ['a protected file as stream', 'secretStream', denied(secret)],
  ['a protected file by require', 'requireSecret', denied(secret)],
  ['a shell', 'exec', denied(subprocess)],
  ['a child process', 'spawn', denied(subprocess)],
];

describe('a Node function in its language sandbox', () => {
  let shared: WorkerProcess;

  before(async () => {
    shared = new WorkerProcess(jail);
    await shared.load({ entry, strict: true });
  });

  after(() => shared.close());

  for (const [promise, attempt, expected] of rows) {
    it(promise, async () => {
      assert.deepEqual(jsonOf(await shared.invoke({ event: { query: { case: attempt } } })), expected);
      assert.equal(shared.rawOutput, '');
    });
  }

  it('a missing file inside is simply missing', async () => {
    const answer = jsonOf(await shared.invoke({ event: { query: { case: 'missing' } } })) as { code: string };
    assert.equal(answer.code, 'ENOENT');
  });

  it('a worker thread is refused by Node itself', async () => {
    const answer = jsonOf(await shared.invoke({ event: { query: { case: 'worker' } } })) as { code: string };
    assert.equal(answer.code, 'ERR_ACCESS_DENIED');
  });

  it('an uncaught refusal is the error of that call', async () => {
    assert.equal((await shared.invoke({ event: { query: { case: 'uncaught' } } })).error, outside);
  });

  it('named imports of ES modules are guarded', async (test) => {
    const program = nodeProgram({ read: [`${dirname(behaviourEntry('esm-sandboxed'))}/*`] });
    const worker = await loaded(test, 'esm-sandboxed', { strict: true }, program);
    for (const [attempt, message] of [
      ['read', outside],
      ['exec', subprocess],
    ] as const) {
      const answer = await worker.invoke({ event: { query: { case: attempt } } });
      assert.deepEqual(jsonOf(answer), denied(message));
    }
  });

  it('reaching outside while loading is a failed load', async (test) => {
    const reaching = behaviourEntry('load-outside');
    const worker = startWorker(test, nodeProgram({ read: [`${dirname(reaching)}/*`] }));
    const verdict = await worker.load({ entry: reaching, strict: true });
    assert.ok(verdict.type === 'load_failed');
    assert.equal(verdict.error, outside);
  });

  it('without the sandbox the same code reads the file', async (test) => {
    const worker = await loaded(test, 'sandboxed');
    for (const attempt of ['sync', 'requireSecret', 'existsSecret']) {
      const answer = jsonOf(await worker.invoke({ event: { query: { case: attempt } } }));
      assert.ok(Object.hasOwn(answer as object, 'value'), attempt);
    }
  });

  for (const behaviour of ['typescript', 'esm-default', 'top-level-await', 'returns', 'cloudflare']) {
    it(`${behaviour} loads with grants for its own folder only`, async (test) => {
      const program = nodeProgram({ read: [`${dirname(behaviourEntry(behaviour))}/*`] });
      const worker = await loaded(test, behaviour, { strict: true }, program);
      await worker.invoke({ event: { query: { case: 'response' } } });
      assert.equal(worker.rawOutput, '');
    });
  }
});
