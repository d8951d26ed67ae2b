import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync, realpathSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { probeCapabilities } from '../../../src/sandbox/capabilities.ts';
import { cString, KernelError, openKernel } from '../../../src/sandbox/kernel.ts';
import { peerPid } from '../../../src/sandbox/peer-credentials.ts';
import { loadSystemGrants } from '../../../src/sandbox/system-grants.ts';
import { scratchFolder } from '../../security/jail-harness.ts';

const skip = probeCapabilities().ffi ? false : 'needs Linux on x64 or arm64 and node:ffi';

test('kernel: a call gives its result, a failure its name and errno', { skip }, () => {
  assert.equal(openKernel().call('getpid'), BigInt(process.pid));
  assert.throws(
    () => openKernel().call('close', 1_000_000),
    (error) => error instanceof KernelError && error.errno === 9 && error.message === 'cannot close: EBADF',
  );
});

test('kernel: placed bytes can be read back and are aligned', { skip }, () => {
  const kernel = openKernel();
  const first = kernel.place(Buffer.from('abc'));
  const second = kernel.place(Buffer.from('defg'));
  assert.equal(kernel.read(first, 3).toString(), 'abc');
  assert.equal(kernel.read(second, 4).toString(), 'defg');
  assert.equal(second % 8n, 0n);
});

test('kernel: a string with a zero byte is refused', () => {
  assert.throws(() => cString('/tmp/a\0b'), /zero byte/);
});

test('peer credentials: the pid of the process that connected', { skip }, async () => {
  const folder = scratchFolder();
  const path = join(folder, 'peer.sock');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const program = `require('net').connect(${JSON.stringify(path)}).on('close', () => process.exit())`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  const [socket] = (await once(server, 'connection')) as [Socket & { _handle: { fd: number } }];
  try {
    assert.equal(peerPid(socket._handle.fd), child.pid);
  } finally {
    socket.destroy();
    await once(child, 'exit');
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('peer credentials: null for what is no socket', { skip }, () => {
  assert.equal(peerPid(1_000_000), null);
});

test('peer credentials: our own pid when we connect to ourselves', { skip }, async () => {
  const folder = scratchFolder();
  const path = join(folder, 'own.sock');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const client = createConnection(path);
  const [socket] = (await once(server, 'connection')) as [Socket & { _handle: { fd: number } }];
  assert.equal(peerPid(socket._handle.fd), process.pid);
  client.destroy();
  socket.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('system grants: real paths that exist, and never a private key folder', () => {
  const { read, devices, execute } = loadSystemGrants();
  for (const path of [...read, ...devices, ...execute]) assert.equal(realpathSync(path), path);
  for (const folder of ['/', '/etc', '/etc/ssl', '/etc/pki', '/proc', '/tmp', '/usr', '/run']) {
    assert.ok(!read.includes(folder), folder);
  }
});

test('system grants: links on the way are links, each where no other link leads over, and say where they lead', () => {
  const { links } = loadSystemGrants();
  for (const { path, target } of links) {
    assert.equal(readlinkSync(path), target);
    assert.equal(realpathSync(dirname(path)), dirname(path));
  }
  assert.equal(new Set(links.map(({ path }) => path)).size, links.length);
});

test('system grants: a CA file of the operator is added by its real path', () => {
  const folder = scratchFolder();
  const certificate = realpathSync(process.execPath);
  const { read } = loadSystemGrants({ NODE_EXTRA_CA_CERTS: certificate, SSL_CERT_FILE: 'relative.pem' });
  assert.ok(read.includes(certificate));
  rmSync(folder, { recursive: true, force: true });
});
