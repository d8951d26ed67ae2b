import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type FakeGateway, inFolder, makeTerminal, type Terminal } from './terminal.ts';

/** Waits, bounded, until the gateway was asked for something. */
async function until(fake: FakeGateway, call: string): Promise<void> {
  for (let turn = 0; turn < 100_000 && !fake.calls.includes(call); turn++) await setImmediate();
  assert.ok(fake.calls.includes(call), `${call} in ${fake.calls.join()}`);
}

async function serving(
  fake: FakeGateway,
  use: (terminal: Terminal, ended: Promise<number>) => Promise<void>,
) {
  await inFolder(async (dir) => {
    const terminal = makeTerminal({ cwd: dir, gateway: fake, environment: { FN_RUNTIMES: 'node' } });
    const ended = terminal.run('serve');
    await until(fake, 'listen');
    await setImmediate();
    await use(terminal, ended);
  });
}

test('a signal closes the gateway and ends with status 0', () => {
  const fake: FakeGateway = { calls: [] };
  return serving(fake, async (terminal, ended) => {
    terminal.send('SIGTERM');
    assert.equal(await ended, 0);
    assert.deepEqual(fake.calls, ['listen', 'close SIGTERM']);
    assert.deepEqual(terminal.exits, []);
  });
});

test('a second signal ends at once, without waiting for the drain', () => {
  const { promise: drained, resolve } = Promise.withResolvers<void>();
  const fake: FakeGateway = { calls: [], drained };
  return serving(fake, async (terminal, ended) => {
    terminal.send('SIGINT');
    await until(fake, 'close SIGINT');
    assert.deepEqual(terminal.exits, []);
    terminal.send('SIGTERM');
    assert.deepEqual(terminal.exits, [1]);
    resolve();
    await ended;
  });
});

test('SIGHUP reloads and does not end anything', () => {
  const fake: FakeGateway = { calls: [] };
  return serving(fake, async (terminal, ended) => {
    terminal.send('SIGHUP');
    await until(fake, 'reload');
    terminal.send('SIGTERM');
    assert.equal(await ended, 0);
    assert.deepEqual(fake.calls, ['listen', 'reload', 'close SIGTERM']);
  });
});

test('after the end a signal finds no listener of ours', () => {
  const fake: FakeGateway = { calls: [] };
  return serving(fake, async (terminal, ended) => {
    terminal.send('SIGTERM');
    await ended;
    terminal.send('SIGTERM');
    assert.deepEqual(terminal.exits, []);
  });
});

test('a port in use is one line that names it, status 1, and the gateway is closed', () =>
  inFolder(async (dir) => {
    for (const [code, words] of [
      ['EADDRINUSE', /FN_HOST_PORT=8099 is already in use/],
      ['EACCES', /no permission/],
      ['EADDRNOTAVAIL', /no such address/],
    ] as const) {
      const fake: FakeGateway = { calls: [], listenError: Object.assign(new Error('listen'), { code }) };
      const terminal = makeTerminal({
        cwd: dir,
        gateway: fake,
        environment: { FN_HOST_PORT: '8099', FN_RUNTIMES: 'node' },
      });
      assert.equal(await terminal.run('run'), 1);
      assert.equal(terminal.errors.length, 1);
      assert.match(terminal.errors[0] ?? '', words);
      assert.deepEqual(fake.calls, ['listen', 'close cannot listen']);
    }
  }));

test('a missing folder is told in the words of the command, status 2', async () => {
  const serve = makeTerminal();
  assert.equal(await serve.run('serve', 'no-such-folder'), 2);
  assert.match(serve.errors.join(), /Directory not found: \/no-such-folder/);
  const dev = makeTerminal();
  assert.equal(await dev.run('dev', 'no-such-folder'), 2);
  assert.match(dev.errors.join(), /Invalid functions directory: \/no-such-folder/);
});
