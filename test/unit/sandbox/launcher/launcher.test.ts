import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { launcherExitCodes } from '../../../../src/sandbox/launcher-protocol.ts';
import {
  capabilities,
  nodeProgram,
  policyWith,
  runJailed,
  scratchFolder,
} from '../../../security/jail-harness.ts';

const program = fileURLToPath(new URL('../../../../src/sandbox/launcher/main.ts', import.meta.url));
const skip = capabilities.ffi ? false : 'needs Linux on x64 or arm64 and node:ffi';
const nodeArgs = ['--disable-warning=ExperimentalWarning', program];

function feed(stdin: Buffer) {
  return spawnSync(process.execPath, nodeArgs, { input: stdin, encoding: 'utf8', timeout: 20_000 });
}

/** Signal 0 finds zombies too; who collects them is up to the host's init, so the state is looked up. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const say = (code: string) => ({ file: nodeProgram.file, args: ['-e', code], policy: policyWith({}) });

describe('the launcher', { skip }, () => {
  test('ends quietly when the gateway closes its input without a plan', () => {
    const { status, stderr } = feed(Buffer.alloc(0));
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  for (const [name, bytes] of [
    ['cut inside the length', Buffer.from([0, 0])],
    ['cut inside the plan', Buffer.from([0, 0, 0, 9, 123])],
    ['longer than the limit', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['that is no JSON', Buffer.from([0, 0, 0, 1, 120])],
    ['of another protocol', Buffer.from([0, 0, 0, 2, 123, 125])],
  ] as const) {
    test(`names the step for a plan ${name}`, () => {
      const { status, stderr } = feed(bytes);
      assert.equal(status, launcherExitCodes.plan);
      assert.equal(JSON.parse(stderr).step, 'plan');
      assert.match(JSON.parse(stderr).message, /^cannot /);
    });
  }

  test('keeps its pid, says hello with the token, and hands over descriptor 3', async () => {
    const code = `require('fs').writeSync(3, 'pid ' + process.pid)`;
    const run = await runJailed(say(code));
    assert.equal(run.code, 0, run.stderr);
    const hello = '{"type":"hello","token":"one-time"}';
    assert.equal(run.received, `\0\0\0${String.fromCharCode(hello.length)}${hello}pid ${run.pid}`);
  });

  test('leaves descriptor 3 blocking', async () => {
    const code = `const b = Buffer.alloc(4); require('fs').readSync(3, b); console.log(String(b))`;
    const run = await runJailed({ ...say(code), send: 'ping' });
    assert.equal(run.stdout, 'ping\n', run.stderr);
  });

  test('names the dial when nobody listens, and the exec when there is no program', async () => {
    const dialed = await runJailed({
      ...say(''),
      alter: (plan) => ({ ...plan, socketPath: `${plan.socketPath}.not` }),
    });
    assert.equal(dialed.code, launcherExitCodes.dial);
    assert.deepEqual(JSON.parse(dialed.stderr), {
      launcher: 'failed',
      step: 'dial',
      call: 'connect',
      errno: 'ENOENT',
      message: 'cannot connect: ENOENT',
    });
    const missing = await runJailed({
      ...say(''),
      file: '/nowhere/node',
      policy: policyWith({ strict: false }),
    });
    assert.equal(missing.code, launcherExitCodes.exec);
  });

  test('refuses a socket path that does not fit its address', async () => {
    const run = await runJailed({
      ...say(''),
      alter: (plan) => ({ ...plan, socketPath: `/${'x'.repeat(200)}` }),
    });
    assert.equal(run.code, launcherExitCodes.dial);
  });

  test('fails when what a worker needs cannot be granted', async () => {
    const run = await runJailed({ ...say(''), file: '/nowhere/node' });
    assert.equal(
      run.code,
      capabilities.landlockAbi > 0 ? launcherExitCodes.landlock : launcherExitCodes.exec,
    );
  });

  test('leaves a granted link out, says so, and starts', async () => {
    const folder = scratchFolder();
    try {
      mkdirSync(join(folder, 'real'));
      writeFileSync(join(folder, 'real', 'file'), 'x');
      symlinkSync(join(folder, 'real'), join(folder, 'link'));
      const policy = policyWith({
        files: { read: [join(folder, 'link'), join(folder, 'link', 'file'), '/not/there'] },
      });
      const run = await runJailed({ ...say('console.log(1)'), policy });
      assert.equal(run.stdout, '1\n');
      const notes = run.stderr.trim().split('\n').filter(Boolean);
      assert.equal(notes.length, capabilities.landlockAbi > 0 ? 2 : 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('puts the worker under its limits', async () => {
    const limits = { openFiles: 99, fileBytes: 1_000_000 };
    const code = `console.log(require('child_process') && process.report.getReport().userLimits.open_files.hard)`;
    const run = await runJailed({ ...say(code), policy: policyWith({ strict: false, limits }) });
    assert.equal(run.stdout.trim(), '99', run.stderr);
  });

  const notRoot = process.getuid?.() === 0 ? false : 'only root can become another user';
  test('becomes the user that the plan names, without groups', { skip: notRoot }, async () => {
    const code = 'console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups()]))';
    const run = await runJailed({
      ...say(code),
      policy: policyWith({ strict: false }),
      alter: (plan) => ({ ...plan, identity: { uid: 65_534, gid: 65_534 }, workingDir: '/' }),
    });
    assert.deepEqual(JSON.parse(run.stdout), [65_534, 65_534, [65_534]], run.stderr);
  });

  test('a worker dies with the gateway, also when it does not look at its connection', async () => {
    const gateway = fileURLToPath(new URL('./gateway-with-one-worker.ts', import.meta.url));
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', gateway], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    const { pid, folder } = JSON.parse(String(output)) as { pid: number; folder: string };
    try {
      assert.ok(isAlive(pid));
      child.kill('SIGKILL');
      await once(child, 'close');
      for (let waited = 0; isAlive(pid) && waited < 5_000; waited += 10) await sleep(10);
      assert.ok(!isAlive(pid));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a waiting launcher ends with the gateway', async () => {
    const child = spawn(process.execPath, nodeArgs, { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.end();
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });
});
