// What the operator and single functions demand of the kernel, on this one and on kernels that lack something.
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { type Capabilities, probeCapabilities } from '../../src/sandbox/capabilities.ts';
import { closedTo } from '../../src/sandbox/user-reach.ts';
import { startTestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { runProgram } from './support/started-program.ts';
import { makeTree, removeTree, type Tree } from './support/tree.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'fastfn');
const hello = "exports.handler = () => 'hello';\n";
const needsKernel = JSON.stringify({ sandbox: { require: 'kernel' } });
const real = probeCapabilities();
const withoutTier =
  real.landlockAbi > 0 && real.seccomp ? false : 'this kernel has no kernel tier to take away from';

/** Kernels that this one can play by not being asked for all it has. */
const lesser: Readonly<Record<string, Partial<Capabilities>>> = {
  'no Landlock': { landlockAbi: 0 },
  'no seccomp': { seccomp: false },
};

describe('FN_SANDBOX_REQUIRED', () => {
  test('starts and serves where the kernel has it all', { skip: withoutTier }, async () => {
    const gateway = await startTestGateway({ 'get.hello.js': hello }, { FN_SANDBOX_REQUIRED: '1' });
    try {
      assert.equal((await ask(gateway.url, '/hello')).text, 'hello');
    } finally {
      await gateway.close();
    }
  });

  for (const [name, missing] of Object.entries(lesser)) {
    test(`refuses to start with ${name}, and says what is missing`, async () => {
      const start = startTestGateway({ 'get.hello.js': hello }, { FN_SANDBOX_REQUIRED: '1' }, undefined, {
        capabilities: { ...real, ...missing },
      });
      await assert.rejects(start, (error: unknown) => {
        assert.ok(error instanceof GatewayError);
        assert.equal(error.code, 'sandbox_unavailable');
        assert.match(
          error.message,
          /^cannot start: FN_SANDBOX_REQUIRED is set, but (?:landlock|seccomp) is un/,
        );
        return true;
      });
    });
  }

  test('the program ends with status 1 and the reason when the jail is switched off', async () => {
    const root = makeTree({ 'get.hello.js': hello });
    const sockets = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-required-')));
    try {
      const end = await runProgram(process.execPath, [program, 'serve', root, '--port', '0'], {
        env: {
          PATH: process.env['PATH'] ?? '',
          FN_SOCKET_BASE_DIR: sockets,
          FN_SANDBOX_REQUIRED: '1',
          FN_STRICT_FS: '0',
        },
      });
      assert.equal(end.code, 1, end.stdout + end.stderr);
      assert.match(end.stderr, /FN_SANDBOX_REQUIRED.*switched off by FN_STRICT_FS.*sandbox_unavailable/);
      assert.doesNotMatch(end.stdout, /listening/);
    } finally {
      removeTree(root);
      rmSync(sockets, { recursive: true, force: true });
    }
  });
});

describe('sandbox.require: kernel', () => {
  const tree: Tree = {
    'needs/get.js': hello,
    'needs/fn.config.json': needsKernel,
    'easy/get.js': hello,
  };

  test('is served where the kernel has it all', { skip: withoutTier }, async () => {
    const gateway = await startTestGateway(tree);
    try {
      assert.equal((await ask(gateway.url, '/needs')).text, 'hello');
    } finally {
      await gateway.close();
    }
  });

  for (const [name, missing] of Object.entries(lesser)) {
    test(`answers 503 with ${name}; other functions are served with what is left`, async () => {
      const { log, saying } = recordingLog();
      const gateway = await startTestGateway(tree, {}, log, { capabilities: { ...real, ...missing } });
      try {
        const refused = await ask(gateway.url, '/needs');
        assert.equal(refused.status, 503);
        assert.deepEqual(
          [refused.json().error, refused.json().code],
          ['sandbox unavailable', 'sandbox_unavailable'],
        );
        assert.equal((await ask(gateway.url, '/easy')).text, 'hello');
        const health = (await ask(gateway.url, '/_fn/health')).json();
        const layers = health.sandbox.layers as { layer: string; state: string }[];
        const lost = layers.filter(({ state }) => state === 'unavailable').map(({ layer }) => layer);
        assert.ok(lost.includes(name.replace('no ', '').toLowerCase()), lost.join());
        assert.ok(layers.some(({ state }) => state === 'on'));
        assert.equal(saying('not served: sandbox.require asks for the kernel').length, 1);
      } finally {
        await gateway.close();
      }
    });
  }

  test('with strict_fs: false it is refused where the operator permits that, and jailed where not', async () => {
    const both = {
      ...tree,
      'needs/fn.config.json': JSON.stringify({ strict_fs: false, sandbox: { require: 'kernel' } }),
    };
    for (const [lock, status] of [
      ['0', 503],
      ['1', withoutTier === false ? 200 : 503],
    ] as const) {
      const gateway = await startTestGateway(both, { FN_STRICT_FS_LOCK: lock });
      try {
        assert.equal((await ask(gateway.url, '/needs')).status, status, `lock ${lock}`);
      } finally {
        await gateway.close();
      }
    }
  });
});

describe('FN_WORKER_USER', () => {
  const user = { uid: 65_534, gid: 65_533 };
  const variables = { FN_WORKER_USER: `${user.uid}:${user.gid}` };
  const notRoot = process.geteuid?.() === 0 ? false : 'only root can become another user';
  const closed = closedTo(user, process.execPath);
  const skip = notRoot || (closed === null ? false : 'the Node that runs the tests is closed to other users');
  const whoami = `const fs = require('node:fs');
exports.handler = () => {
  const file = process.env.TMPDIR + '/mine';
  fs.writeFileSync(file, 'x');
  return {
    uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(),
    owner: fs.statSync(file).uid, own: fs.readFileSync(__filename, 'utf8').length > 0,
  };
};\n`;

  test('workers are that user, with no group of root’s, and have their folder', { skip }, async () => {
    const { log, saying } = recordingLog();
    const gateway = await startTestGateway({ 'get.whoami.js': whoami }, variables, log, { rootMode: 0o755 });
    try {
      const answer = await ask(gateway.url, '/whoami');
      assert.deepEqual(answer.json(), {
        uid: user.uid,
        gid: user.gid,
        groups: [user.gid],
        owner: user.uid,
        own: true,
      });
      const { layers } = (await ask(gateway.url, '/_fn/health')).json().sandbox;
      assert.ok(
        layers.some(({ layer, state }: Record<string, string>) => layer === 'worker_user' && state === 'on'),
      );
      assert.equal(saying('no node function can be started').length, 0);
      assert.equal(saying('no function can be loaded').length, 0);
    } finally {
      await gateway.close();
    }
  });

  test('what that user cannot reach is said at start', { skip: notRoot }, async () => {
    const { log, saying } = recordingLog();
    const gateway = await startTestGateway({ 'get.whoami.js': whoami }, variables, log, { rootMode: 0o700 });
    try {
      assert.equal(saying('no function can be loaded').length, 1);
      assert.ok((await ask(gateway.url, '/whoami')).status >= 500);
    } finally {
      await gateway.close();
    }
  });

  test('root is no ordinary user: the start is refused', { skip: notRoot }, async () => {
    await assert.rejects(startTestGateway({}, { FN_WORKER_USER: 'root' }), /FN_WORKER_USER/);
  });
});
