// The words in which a Python worker refuses what the sandbox refuses (contract/sandbox.md 4 to 6), without a kernel jail:
// this is the language's own layer alone.

import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WorkerProcess } from '../harness.ts';
import { behaviourFolder, jsonOf, loadBehaviour, pythonProgram, skip, startWorker } from './python-worker.ts';

const folder = behaviourFolder('sandboxed');
const own = join(folder, 'handler.py');
const outside = (path: string) => `path outside strict function sandbox: ${path}`;
const secret = (path: string) => `access to protected function config/env file denied: ${path}`;
const subprocess = 'subprocess disabled by strict function sandbox';
const ctypes = 'ctypes disabled by strict function sandbox';

const allowed: readonly [name: string, value: unknown][] = [
  ['own', true],
  ['list-own', true],
  ['temporary', 'kept'],
  ['import-late', 'decimal'],
  ['null-device', 1],
];

const refused: readonly [name: string, message: string][] = [
  ['open', outside('/etc/passwd')],
  ['bytes', outside('/etc/passwd')],
  ['relative', outside('/etc/passwd')],
  ['fileio', outside('/etc/passwd')],
  ['os-open', outside('/etc/passwd')],
  ['posix-open', outside('/etc/passwd')],
  ['thread', outside('/etc/passwd')],
  ['list', outside('/etc')],
  ['scan', outside('/etc')],
  ['write-self', outside(own)],
  ['remove-self', outside(own)],
  ['rename-self', outside(own)],
  ['mkdir', outside(join(folder, 'made'))],
  ['symlink', outside(join(folder, 'planted'))],
  ['secret', secret(join(folder, 'fn.env.json'))],
  ['secret-bytes', secret(join(folder, 'fn.env.json'))],
  ['secret-deep', secret(join(folder, 'deep/fn.config.json'))],
  ['run', subprocess],
  ['popen', subprocess],
  ['spawn', subprocess],
  ['posix-spawn', subprocess],
  ['fork', subprocess],
  ['exec', subprocess],
  ['system', 'os.system disabled by strict function sandbox'],
  ['ctypes', ctypes],
  ['ctypes-named', ctypes],
];

describe('python guard', { skip }, () => {
  let worker: WorkerProcess;
  let temporary: string;

  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'python-guard-'));
    worker = new WorkerProcess(pythonProgram({ TMPDIR: temporary }));
    const verdict = await loadBehaviour(worker, 'sandboxed', {
      strict: true,
      readable: [own],
      writable: [temporary],
    });
    assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  });

  after(async () => {
    await worker.close();
    await rm(temporary, { recursive: true });
  });

  for (const [name, value] of allowed) {
    it(`allows ${name}`, async () => {
      assert.deepEqual(jsonOf(await worker.invoke({ event: { query: { case: name } } })), { value });
    });
  }

  for (const [name, message] of refused) {
    it(`refuses ${name}`, async () => {
      const answer = jsonOf(await worker.invoke({ event: { query: { case: name } } }));
      assert.deepEqual(answer, { type: 'PermissionError', message });
    });
  }

  it('a missing file is missing, not refused', async () => {
    const answer = jsonOf(await worker.invoke({ event: { query: { case: 'missing' } } })) as { type: string };
    assert.equal(answer.type, 'FileNotFoundError');
  });

  it('an allowed root lets everything below it be read and written, and no folder of a longer name', async (test) => {
    const other = startWorker(test, pythonProgram({ TMPDIR: temporary }));
    const verdict = await loadBehaviour(other, 'sandboxed', {
      strict: true,
      readable: ['/etc/', folder],
      writable: ['/'],
    });
    assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
    const listed = jsonOf(await other.invoke({ event: { query: { case: 'list' } } }));
    assert.ok(Array.isArray((listed as { value: unknown }).value));
    const prefix = startWorker(test, pythonProgram());
    await loadBehaviour(prefix, 'sandboxed', { strict: true, readable: ['/et', '/etc/pass', folder] });
    const refusal = jsonOf(await prefix.invoke({ event: { query: { case: 'open' } } }));
    assert.deepEqual(refusal, { type: 'PermissionError', message: outside('/etc/passwd') });
  });

  it('an uncaught refusal is the failure of the call', async () => {
    const answer = await worker.invoke({ event: { query: { case: 'uncaught' } } });
    assert.equal(answer.error, outside('/etc/passwd'));
    assert.match(answer.detail ?? '', /open\(outside\)/);
  });

  it('the refused attempts left nothing behind', async () => {
    await assert.rejects(access(join(folder, 'made')), { code: 'ENOENT' });
    await assert.rejects(access(join(folder, 'planted')), { code: 'ENOENT' });
    await access(own);
  });

  it('is on while the module is loaded', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'load-outside', {
      strict: true,
      readable: [behaviourFolder('load-outside')],
    });
    assert.equal(
      verdict.type === 'load_failed' && verdict.error,
      `PermissionError: ${outside('/etc/passwd')}`,
    );
  });

  it('is off without strict', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'load-outside', { strict: false });
    assert.equal(verdict.type, 'ready');
  });
});
