// What PHP itself refuses and in which words (contract/sandbox.md 5, 6, 8: E11, E12), without a kernel jail: this is the
// language's own layer alone.

import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import row from '../../../runtimes/php/runtime.json' with { type: 'json' };
import { WorkerProcess } from '../harness.ts';
import {
  behaviourFolder,
  forCase,
  jsonOf,
  loadBehaviour,
  loaded,
  phpProgram,
  skip,
  startWorker,
} from './php-worker.ts';

const folder = behaviourFolder('sandboxed');
const own = join(folder, 'handler.php');
const passwd = /path outside strict function sandbox: (file:\/\/)?(\.\.\/)*\/?etc\/passwd in .*handler\.php/;

const allowed: readonly [name: string, value: unknown][] = [
  ['own', true],
  ['temporary', 'kept'],
  ['zone', 'Europe/Berlin'],
  ['null-device', 1],
  ['random', 4],
  ['exists', false],
  ['is-file', false],
];

/** PHP answers `false` and warns. */
const refused: readonly [name: string, value: unknown, told: RegExp][] = [
  ['open', false, passwd],
  ['wrapper', false, passwd],
  ['relative', false, /path outside strict function sandbox: /],
  ['filter', false, passwd],
  ['list', false, /path outside strict function sandbox: \/etc /],
  ['glob', [], /^$/],
  ['write', false, /path outside strict function sandbox: /],
  ['symlink', false, passwd],
  ['secret', false, /path outside strict function sandbox: .*fn\.env\.json/],
  ['loosen', false, /^$/],
  ['include-url', false, /^$/],
];

const missing = [
  'exec',
  'shell_exec',
  'system',
  'passthru',
  'proc_open',
  'popen',
  'mail',
  'pcntl_exec',
  'dl',
];

describe('php guard', { skip }, () => {
  let worker: WorkerProcess;
  let temporary: string;

  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'php-guard-'));
    worker = new WorkerProcess(phpProgram({ TMPDIR: temporary }));
    const verdict = await loadBehaviour(worker, 'sandboxed', { strict: true, writable: [temporary] });
    assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  });

  after(async () => {
    await worker.close();
    await rm(temporary, { recursive: true });
  });

  for (const [name, value] of allowed) {
    it(`allows ${name}, without a word`, async () => {
      const answer = await worker.invoke(forCase(name));
      assert.deepEqual(jsonOf(answer), { value });
      assert.equal(answer.stderr, '');
    });
  }

  for (const [name, value, told] of refused) {
    it(`refuses ${name}`, async () => {
      const answer = await worker.invoke(forCase(name));
      assert.deepEqual(jsonOf(answer), { value });
      assert.match(answer.stderr, told);
      assert.doesNotMatch(answer.stderr, /allowed path/, 'the list of what is allowed is nobody’s business');
    });
  }

  it('functions that start processes are not there', async () => {
    for (const name of [...missing.map((one) => one.replace('_', '-')), 'shell']) {
      const answer = jsonOf(await worker.invoke(forCase(name))) as { type: string; message: string };
      assert.equal(answer.type, 'Error', name);
      assert.match(answer.message, /^Call to undefined function \w+\(\)$/, name);
    }
  });

  it('foreign functions are switched off', async () => {
    const answer = jsonOf(await worker.invoke(forCase('ffi'))) as { type: string };
    assert.match(answer.type, /^(FFI\\Exception|Error)$/);
  });

  it('an exception of the engine says where, and not what else is allowed', async () => {
    const answer = jsonOf(await worker.invoke(forCase('object'))) as { type: string; message: string };
    assert.equal(answer.type, 'RuntimeException');
  });

  it('an uncaught refusal is the failure of the call, in the words of the sandbox', async () => {
    const answer = await worker.invoke(forCase('uncaught'));
    assert.equal(answer.error, 'subprocess disabled by strict function sandbox: shell_exec()');
  });

  it('the refused attempts left nothing behind', async () => {
    await assert.rejects(access('/etc/planted'), { code: 'ENOENT' });
    await assert.rejects(access(join(temporary, 'planted')), { code: 'ENOENT' });
    await access(own);
  });

  it('is on while the file is loaded', async (test) => {
    const strict = await loaded(test, 'load-outside', { strict: true });
    assert.equal((await strict.invoke()).body.toString(), 'refused');
    assert.match(strict.looseOutput('stderr'), /path outside strict function sandbox: \/etc\/passwd/);
  });

  it('is off without strict', async (test) => {
    const { args } = phpProgram();
    const program = { ...phpProgram(), args: args.filter((arg) => !row.strictArgs.includes(arg)) };
    const free = await loaded(test, 'load-outside', { strict: false }, program);
    assert.equal((await free.invoke()).body.toString(), 'read');
    const sandboxed = startWorker(test, program);
    assert.equal((await loadBehaviour(sandboxed, 'sandboxed')).type, 'ready');
    assert.match(
      String((jsonOf(await sandboxed.invoke(forCase('shell-exec'))) as { value: unknown }).value),
      /uid=/,
    );
  });

  it('an allowed folder lets everything below it be read, and no folder of a longer name', async (test) => {
    const other = await loaded(test, 'sandboxed', { strict: true, readable: ['/etc'] });
    assert.equal(typeof (jsonOf(await other.invoke(forCase('open'))) as { value: unknown }).value, 'string');
    const prefix = await loaded(test, 'sandboxed', { strict: true, readable: ['/et', '/etc/pass'] });
    assert.deepEqual(jsonOf(await prefix.invoke(forCase('open'))), { value: false });
  });

  it('the arguments of a strict sandbox take out all that the others do', () => {
    const listed = (args: readonly string[]) =>
      new Set(args.flatMap((arg) => arg.match(/^-ddisable_functions=(.*)$/)?.[1]?.split(',') ?? []));
    const [ours, strict] = [listed(row.interpreterArgs), listed(row.strictArgs)];
    assert.ok(ours.size > 0);
    assert.deepEqual(
      [...ours].filter((name) => !strict.has(name)),
      [],
    );
    assert.deepEqual(
      missing.filter((name) => !strict.has(name) || ours.has(name)),
      [],
    );
  });
});
