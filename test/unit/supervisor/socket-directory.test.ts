import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import type { RuntimeName } from '../../../src/policy/runtime-name.ts';
import { encodeMessage } from '../../../src/protocol/frame-writer.ts';
import { makePrivateDirectory, UnsafeDirectory } from '../../../src/supervisor/private-directory.ts';
import { RuntimeSockets, type RuntimeSocketsOptions } from '../../../src/supervisor/runtime-sockets.ts';
import { FakeClock } from '../../fakes/clock.ts';

const made: string[] = [];
const listening: RuntimeSockets[] = [];
function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-sock-')));
  made.push(path);
  return path;
}
afterEach(() => {
  for (const sockets of listening.splice(0)) sockets.close();
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

async function listen(baseDir: string, over: Partial<RuntimeSocketsOptions> = {}): Promise<RuntimeSockets> {
  const sockets = await RuntimeSockets.listen({
    baseDir,
    runtimes: ['node', 'python'],
    paths: new Map<RuntimeName, string>(),
    peerPid: () => 42,
    clock: new FakeClock(),
    log: silentLog,
    ...over,
  });
  listening.push(sockets);
  return sockets;
}

/** A socket file whose process is dead. */
function leaveStale(path: string): void {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(lstatSync(path).isSocket());
}

const mode = (path: string) => lstatSync(path).mode & 0o777;

test('socket directory: the first gateway has fn-<runtime>.sock in a 0700 folder, sockets 0600, gone at close', async () => {
  const base = join(folder(), 'run', 'fastfn');
  const sockets = await listen(base);
  assert.equal(sockets.path('node'), join(base, 'fn-node.sock'));
  assert.equal(mode(base), 0o700);
  assert.equal(mode(sockets.path('python')), 0o600);
  assert.throws(() => sockets.path('go'));
  sockets.close();
  assert.equal(existsSync(base), false);
});

test('socket directory: gateways beside the first have folders of their own', async () => {
  const base = join(folder(), 'b');
  const paths = [];
  for (let n = 0; n < 3; n += 1) paths.push((await listen(base)).path('node'));
  assert.deepEqual(paths, [
    join(base, 'fn-node.sock'),
    join(base, `s-${process.pid}`, 'fn-node.sock'),
    join(base, `s-${process.pid}-2`, 'fn-node.sock'),
  ]);
  for (const sockets of listening.splice(0)) sockets.close();
  assert.equal(existsSync(base), false);
});

test('socket directory: gateways that start at the same moment do not clash, not over stale sockets either', async () => {
  const base = join(folder(), 'b');
  mkdirSync(base, { mode: 0o700 });
  for (const name of ['fn-node.sock', 'fn-python.sock']) leaveStale(join(base, name));
  const all = await Promise.all(Array.from({ length: 4 }, () => listen(base)));
  const paths = all.map((sockets) => sockets.path('node'));
  assert.equal(new Set(paths).size, 4);
  for (const path of paths) {
    const client = connect(path);
    await once(client, 'connect');
    client.destroy();
  }
});

test('socket directory: a stale socket is removed and its name used', async () => {
  const base = join(folder(), 'b');
  mkdirSync(base, { mode: 0o700 });
  leaveStale(join(base, 'fn-node.sock'));
  const sockets = await listen(base);
  assert.equal(sockets.path('node'), join(base, 'fn-node.sock'));
  assert.deepEqual(readdirSync(base).sort(), ['fn-node.sock', 'fn-python.sock']);
});

test('socket directory: the folder of a killed gateway is removed, a young one is left alone', async () => {
  const base = join(folder(), 'b');
  for (const name of ['s-99999999', 's-88888888']) mkdirSync(join(base, name), { recursive: true });
  leaveStale(join(base, 's-99999999', 'fn-node.sock'));
  utimesSync(join(base, 's-99999999'), 1, 1);
  await listen(base);
  assert.deepEqual(readdirSync(base).sort(), ['fn-node.sock', 'fn-python.sock', 's-88888888']);
});

test('socket directory: a regular file in the place of a socket is an error that names it', async () => {
  const base = join(folder(), 'b');
  mkdirSync(base, { mode: 0o700 });
  writeFileSync(join(base, 'fn-node.sock'), 'mine');
  await assert.rejects(listen(base), {
    message: `runtime socket path exists but is not a unix socket: ${join(base, 'fn-node.sock')}`,
  });
  assert.ok(existsSync(join(base, 'fn-node.sock')), 'it is not ours to remove');
});

test('socket directory: a base of 120 characters falls back to a short folder, with a warning', async () => {
  const base = join(folder(), 'x'.repeat(120));
  const warnings: string[] = [];
  const log = silentLog.child({});
  log.warn = ((text: string) => warnings.push(text)) as typeof log.warn;
  const sockets = await listen(base, { log });
  assert.match(sockets.path('node'), /^\/tmp\/ffn-sock-[0-9a-f]{8}\/fn-node\.sock$/);
  assert.equal(warnings.length, 1);
  const second = await listen(base, { log });
  assert.notEqual(second.path('node'), sockets.path('node'));
});

test('socket directory: an exact path is used as it is, and refused while another process has it', async () => {
  const base = join(folder(), 'b');
  const exact = join(folder(), 'deep', 'my.sock');
  const over = { paths: new Map<RuntimeName, string>([['node', exact]]) };
  const sockets = await listen(base, over);
  assert.equal(sockets.path('node'), exact);
  assert.equal(sockets.path('python'), join(base, 'fn-python.sock'));
  await assert.rejects(listen(join(folder(), 'c'), over), {
    message: `runtime socket already in use: ${exact}`,
  });
});

test('private directory: links, files, other owners and parents open to others are refused', () => {
  const top = folder();
  symlinkSync(folder(), join(top, 'link'));
  writeFileSync(join(top, 'file'), '');
  mkdirSync(join(top, 'open'));
  chmodSync(join(top, 'open'), 0o777);
  for (const path of ['link', 'file', 'open/run']) {
    assert.throws(() => makePrivateDirectory(join(top, path)), UnsafeDirectory, path);
  }
  if (process.geteuid?.() !== 0) assert.throws(() => makePrivateDirectory('/etc'), UnsafeDirectory);
  chmodSync(join(top, 'open'), 0o1777);
  assert.equal(makePrivateDirectory(join(top, 'open', 'run')), join(top, 'open', 'run'));
});

test('private directory: links in parents are resolved, and a folder of ours that is open is closed', () => {
  const real = folder();
  const top = folder();
  symlinkSync(real, join(top, 'link'));
  mkdirSync(join(real, 'run'), { mode: 0o755 });
  assert.equal(makePrivateDirectory(join(top, 'link', 'run')), join(real, 'run'));
  assert.equal(mode(join(real, 'run')), 0o700);
});

/** Dials and says something; resolves with what became of it. */
async function dial(sockets: RuntimeSockets, bytes: Buffer): Promise<'open' | 'cut'> {
  const socket = connect(sockets.path('node'));
  socket.on('error', () => {});
  socket.write(bytes);
  const cut = new Promise<'cut'>((resolve) => socket.once('close', () => resolve('cut')));
  const open = new Promise<'open'>((resolve) => setTimeout(() => resolve('open'), 60));
  const outcome = await Promise.race([cut, open]);
  socket.destroy();
  return outcome;
}

test('runtime sockets: a token lets the right process in exactly once, with the bytes behind its hello', async () => {
  const sockets = await listen(join(folder(), 'b'));
  const token = sockets.createToken();
  const hello = encodeMessage({ type: 'hello', token });
  assert.equal(await dial(sockets, hello), 'cut', 'not expected yet');
  const admitted: string[] = [];
  sockets.expect(token, 42, (socket, early) => {
    admitted.push(early.toString());
    socket.on('data', () => {});
  });
  assert.equal(await dial(sockets, Buffer.concat([hello, Buffer.from('rest')])), 'open');
  assert.deepEqual(admitted, ['rest']);
  assert.equal(await dial(sockets, hello), 'cut', 'once only');
});

test('runtime sockets: a token said by another process, or taken back, opens nothing', async () => {
  const sockets = await listen(join(folder(), 'b'));
  const token = sockets.createToken();
  const hello = encodeMessage({ type: 'hello', token });
  sockets.expect(token, 43, () => assert.fail('admitted'));
  assert.equal(await dial(sockets, hello), 'cut');
  const forget = sockets.expect(token, 42, () => assert.fail('admitted'));
  forget();
  assert.equal(await dial(sockets, hello), 'cut');
});

test('runtime sockets: bad, long and late hellos are cut off', async () => {
  const clock = new FakeClock();
  const sockets = await listen(join(folder(), 'b'), { clock });
  for (const bytes of [
    Buffer.from([0, 0, 0, 0]),
    Buffer.from([0, 0, 2, 0]),
    Buffer.from([0, 0, 0, 1, 0x7b]),
    Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 1]),
    encodeMessage({ type: 'hello', token: 7 }),
  ]) {
    assert.equal(await dial(sockets, bytes), 'cut', bytes.toString('hex'));
  }
  const socket = connect(sockets.path('node'));
  socket.write(Buffer.from([0, 0]));
  await once(socket, 'connect');
  await new Promise((resolve) => setTimeout(resolve, 30));
  clock.advance(2_000);
  await once(socket, 'close');
  assert.equal(clock.pending, 0);
});

test('runtime sockets: more strangers than the door holds are turned away', async () => {
  const sockets = await listen(join(folder(), 'b'));
  const crowd = Array.from({ length: 64 }, () => connect(sockets.path('node')));
  await Promise.all(crowd.map((socket) => once(socket, 'connect')));
  assert.equal(await dial(sockets, Buffer.from([0])), 'cut');
  for (const socket of crowd) socket.destroy();
});

test('runtime sockets: a name taken between looking and listening leads to a folder of our own', async () => {
  const base = join(folder(), 'b');
  mkdirSync(base, { mode: 0o700 });
  const other = createServer();
  other.listen(join(base, 'fn-python.sock'));
  await once(other, 'listening');
  const sockets = await listen(base);
  assert.equal(sockets.path('python'), join(base, `s-${process.pid}`, 'fn-python.sock'));
  other.close();
});
