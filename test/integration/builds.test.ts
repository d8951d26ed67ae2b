// Dependencies and builds in a whole gateway: what clients, operators and the disk see while tools run, fail, hang and
// misbehave. The tools are shell scripts in the build jail; registries are the affair of each language's own tests.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { makes, scriptPlanners, usesMade } from './support/script-planner.ts';
import { openFolders, type Tree, writeTree } from './support/tree.ts';

interface Started {
  readonly gateway: TestGateway;
  /** How many builds have begun. */
  builds(): number;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  becomes(path: string, status: number, text: string | RegExp, limitMs?: number): Promise<void>;
}

async function start(
  context: TestContext,
  tree: Tree,
  variables: Readonly<Record<string, string>> = {},
  rootMode?: number,
): Promise<Started> {
  const { log, saying } = recordingLog();
  const gateway = await startTestGateway(tree, variables, log, {
    planners: scriptPlanners,
    ...(rootMode === undefined ? {} : { rootMode }),
  });
  context.after(() => gateway.close());
  const get = (path: string, headers: Record<string, string> = {}) => ask(gateway.url, path, { headers });
  const becomes = (path: string, status: number, text: string | RegExp, limitMs?: number) =>
    eventually(async () => {
      const answer = await get(path);
      assert.equal(answer.status, status, answer.text);
      if (typeof text === 'string') assert.equal(answer.text, text);
      else assert.match(answer.text, text);
    }, limitMs);
  return { gateway, builds: () => saying('a build begins').length, get, becomes };
}

/** Processes that sleep for so long: a length that no other test uses. */
function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid) === `sleep\0${mark}\0`)
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const healthOf = async ({ get }: Started) => (await get('/_fn/health')).json();

describe('builds: while one runs', () => {
  test('its function answers 503 in JSON and HTML, others are served, then it is served without a restart', async (context) => {
    const started = await start(context, {
      'slow/handler.js': usesMade,
      'slow/build.sh': makes('late', 'sleep 2'),
      'quick/handler.js': "exports.handler = () => 'quick';\n",
    });
    const json = await started.get('/slow');
    assert.equal(json.status, 503);
    assert.equal(json.headers['retry-after'], '2');
    assert.equal(json.headers['cache-control'], 'no-store');
    assert.equal(json.json().error, 'dependencies are being installed');
    assert.equal(json.json().code, 'not_built');
    const page = await started.get('/slow', { accept: 'text/html,*/*' });
    assert.equal(page.status, 503);
    assert.match(page.headers['content-type'] ?? '', /^text\/html/);
    assert.match(page.text, /dependencies are being installed/);
    assert.equal((await started.get('/quick')).text, 'quick');
    const health = await healthOf(started);
    assert.deepEqual(health.builds.summary, { none: 1, idle: 0, building: 1, built: 0, failed: 0 });
    await started.becomes('/slow', 200, 'late');
    assert.equal(started.builds(), 1);
  });

  test('functions with equal inputs share one build, however many ask at once', async (context) => {
    const script = makes('shared', 'sleep 0.5');
    const started = await start(context, {
      'a/handler.js': usesMade,
      'a/build.sh': script,
      'b/handler.js': usesMade,
      'b/build.sh': script,
    });
    const first = await Promise.all(['/a', '/b', '/a', '/b'].map((path) => started.get(path)));
    assert.deepEqual(new Set(first.map(({ status }) => status)), new Set([503]));
    await started.becomes('/a', 200, 'shared');
    await started.becomes('/b', 200, 'shared');
    assert.equal(started.builds(), 1);
  });

  test('a gateway that closes ends it, and leaves no process and no workspace', async (context) => {
    const state = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-state-')));
    context.after(() => rmSync(state, { recursive: true, force: true }));
    const mark = '31.4159';
    const started = await start(
      context,
      { 'a/handler.js': usesMade, 'a/build.sh': `sleep ${mark} & sleep ${mark}\n` },
      { FN_STATE_DIR: state },
    );
    await eventually(() => assert.equal(processesWith(mark).length, 2));
    await started.gateway.close();
    assert.deepEqual(processesWith(mark), []);
    assert.deepEqual(readdirSync(join(state, 'deps', '.work')), []);
  });
});

test('builds: what a killed gateway leaves, processes too, is ended by the next one on its state folder', async (context) => {
  const state = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-state-')));
  const mark = '14.1421';
  const tree = { 'a/handler.js': usesMade, 'a/build.sh': `sleep ${mark} & sleep ${mark}\n` };
  const code = [
    `import { startTestGateway } from ${JSON.stringify(new URL('./support/gateway.ts', import.meta.url).href)};`,
    `import { scriptPlanners } from ${JSON.stringify(new URL('./support/script-planner.ts', import.meta.url).href)};`,
    `const tree = ${JSON.stringify(tree)};`,
    `const { root, socketDir } = await startTestGateway(tree, { FN_STATE_DIR: ${JSON.stringify(state)} }, undefined, { planners: scriptPlanners });`,
    'console.log(JSON.stringify([root, socketDir]));',
  ].join('\n');
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code];
  const killed = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => killed.kill('SIGKILL'));
  const [folders] = (await once(killed.stdout, 'data')) as [Buffer];
  context.after(() => {
    for (const folder of [...JSON.parse(String(folders)), state])
      rmSync(folder, { recursive: true, force: true });
  });
  await eventually(() => assert.equal(processesWith(mark).length, 2));
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  // Its leader has died with it; what that had started lives on until somebody looks.
  const started = await start(
    context,
    { 'b/handler.js': "exports.handler = () => 'b';\n" },
    { FN_STATE_DIR: state },
  );
  await eventually(() => assert.deepEqual(processesWith(mark), []));
  await eventually(() => assert.deepEqual(readdirSync(join(state, 'deps/.work')), []));
  assert.equal((await started.get('/b')).text, 'b');
});

describe('builds: what fails', () => {
  test('says the last lines of the tool without paths of this host, and nobody else suffers', async (context) => {
    const started = await start(context, {
      'bad/handler.js': usesMade,
      'bad/build.sh': 'echo one >&2; echo "no such thing in $WORKSPACE/x and /etc/passwd" >&2; exit 3\n',
      'quick/handler.js': "exports.handler = () => 'quick';\n",
    });
    await started.becomes('/bad', 503, /install failed/);
    const answer = await started.get('/bad');
    const { error, code } = answer.json();
    assert.equal(code, 'not_built');
    assert.equal(error, 'install failed for bad/handler.js: one | no such thing in x and <path>');
    assert.equal(answer.headers['retry-after'], undefined);
    assert.equal((await started.get('/quick')).text, 'quick');
    const health = await healthOf(started);
    assert.equal(health.builds.functions[0].state, 'failed');
    assert.equal(health.builds.functions[0].reason, error);
    // Remembered: requests do not run the tool again.
    for (let i = 0; i < 5; i += 1) await started.get('/bad');
    assert.equal(started.builds(), 1);
  });

  test('files that cannot be planned answer 500 with the text about them', async (context) => {
    const started = await start(context, { 'a/handler.js': usesMade, 'a/build.sh': 'broken manifest\n' });
    const answer = await started.get('/a');
    assert.equal(answer.status, 500);
    assert.equal(answer.json().error, 'invalid build.sh: it says so itself');
    assert.equal(answer.json().code, 'build_failed');
    assert.equal(started.builds(), 0);
  });

  test('a build that hangs is ended at its time, with all that it started', async (context) => {
    const mark = '27.1828';
    const started = await start(
      context,
      { 'a/handler.js': usesMade, 'a/build.sh': `(sleep ${mark} & sleep ${mark}) & sleep ${mark}\n` },
      { FN_GO_BUILD_TIMEOUT_S: '1' },
    );
    await eventually(() => assert.equal(processesWith(mark).length, 3));
    await started.becomes('/a', 503, /install timeout after 1\.0s for a/);
    assert.deepEqual(processesWith(mark), []);
  });

  for (const [what, script, text] of [
    [
      'processes',
      'i=0; while [ $i -lt 2000 ]; do sleep 16.1803 & i=$((i+1)); done; wait',
      /threads limit exceeded/,
    ],
    ['memory', 'head -c 400000000 /dev/zero | tail | wc', /memory limit exceeded \(64 MiB\)/],
    [
      'disk',
      'while :; do head -c 4000000 /dev/zero >> "packages$((i=i+1))"; done',
      /temporary files limit exceeded/,
    ],
    ['a file', 'head -c 100000000 /dev/zero > one; exit 1', /install failed/],
  ] as const) {
    test(`too much of ${what} ends that build only`, async (context) => {
      const started = await start(
        context,
        {
          'a/handler.js': usesMade,
          'a/build.sh': `${script}\n`,
          'quick/handler.js': "exports.handler = () => 'quick';\n",
        },
        { FN_BUILD_MEMORY_MB: what === 'memory' ? '64' : '2048', FN_BUILD_DISK_MB: '64' },
      );
      await started.becomes('/a', 503, text, 20_000);
      assert.equal((await started.get('/quick')).text, 'quick');
      assert.deepEqual(processesWith('16.1803'), []);
    });
  }

  test('a link that leads out of what was built is refused', async (context) => {
    const started = await start(context, {
      'a/handler.js': usesMade,
      'a/build.sh': `${makes('x')}ln -s /etc node_modules/etc\n`,
    });
    await started.becomes('/a', 503, /the link node_modules\/etc leads out of what was built/);
  });
});

describe('builds: what they are to the gateway', () => {
  test('one that calls it over loopback is no operator', async (context) => {
    const started = await start(context, { 'a/handler.js': usesMade });
    const { port } = new URL(started.gateway.url);
    const request = `GET /_fn/health HTTP/1.0\\r\\nHost: 127.0.0.1:${port}\\r\\n\\r\\n`;
    const client = `my $s = IO::Socket::INET->new("127.0.0.1:${port}") or die; print $s "${request}"; print <$s>;`;
    const script = [
      '# online',
      'mkdir -p node_modules/made && cd node_modules/made',
      `perl -MIO::Socket::INET -e '${client}' > answer`,
      `echo "module.exports = require('fs').readFileSync(__dirname + '/answer', 'utf8')" > index.js`,
    ].join('\n');
    writeTree(started.gateway.root, { 'a/build.sh': script });
    await started.gateway.reload();
    await started.becomes('/a', 200, /HTTP\/1\.1 200 OK/);
    const seen = (await started.get('/a')).text;
    assert.match(seen, /"status":"ok"/);
    assert.doesNotMatch(seen, /functions_root/);
    assert.match((await started.get('/_fn/health')).text, /functions_root/);
  });

  const notRoot = process.geteuid?.() === 0 ? false : 'needs root, who alone can change the user';

  test('with FN_WORKER_USER they run as that user, and what they make is the gateway’s', {
    skip: notRoot,
  }, async (context) => {
    const started = await start(
      context,
      { 'a/handler.js': usesMade, 'a/build.sh': makes('$(id -u)') },
      { FN_WORKER_USER: '65534:65534' },
      0o755,
    );
    await started.becomes('/a', 200, '65534');
    const [key = ''] = readdirSync(join(started.gateway.root, '.fastfn/deps/node'));
    const { uid } = statSync(
      join(started.gateway.root, '.fastfn/deps/node', key, 'node_modules/made/index.js'),
    );
    assert.equal(uid, 0);
  });
});

describe('builds: a function that changes', () => {
  const first: Tree = { 'a/handler.js': usesMade, 'a/build.sh': makes('one') };

  test('is served as before while the new build runs, and by the new one after it', async (context) => {
    const started = await start(context, first);
    await started.becomes('/a', 200, 'one');
    writeTree(started.gateway.root, { 'a/build.sh': makes('two', 'sleep 1') });
    await started.gateway.reload();
    assert.equal((await started.get('/a')).text, 'one');
    const during = (await healthOf(started)).builds.functions[0];
    assert.deepEqual([during.state, during.serving], ['building', 'previous']);
    await started.becomes('/a', 200, 'two');
  });

  test('goes on as before when the new build fails, and health says so; with hot reload the failure is shown', async (context) => {
    for (const hotReload of ['0', '1']) {
      const started = await start(context, first, { FN_HOT_RELOAD: hotReload });
      await started.becomes('/a', 200, 'one');
      writeTree(started.gateway.root, { 'a/build.sh': 'echo wrong >&2; exit 1\n' });
      await started.gateway.reload();
      if (hotReload === '1') await started.becomes('/a', 503, /wrong/);
      else {
        await eventually(async () => {
          const [failed] = (await healthOf(started)).builds.functions;
          assert.deepEqual([failed.state, failed.serving], ['failed', 'previous']);
        });
        assert.equal((await started.get('/a')).text, 'one');
      }
      writeTree(started.gateway.root, { 'a/build.sh': makes('three') });
      await started.gateway.reload();
      await started.becomes('/a', 200, 'three');
    }
  });

  test('goes on as before, also under hot reload, where the disk is at fault; what is written there is no change', async (context) => {
    const started = await start(context, first, { FN_HOT_RELOAD: '1' });
    await started.becomes('/a', 200, 'one');
    const { generation } = (await healthOf(started)).hot_reload;
    const work = join(started.gateway.root, '.fastfn/deps/.work');
    rmSync(work, { recursive: true });
    writeFileSync(work, 'a file in its place');
    await sleep(500);
    assert.equal((await healthOf(started)).hot_reload.generation, generation);
    writeTree(started.gateway.root, { 'a/build.sh': makes('two') });
    await eventually(async () => {
      const [failed] = (await healthOf(started)).builds.functions;
      assert.deepEqual([failed?.state, failed?.serving], ['failed', 'previous']);
      assert.match(failed.reason, /^cannot build: /);
    });
    assert.equal((await started.get('/a')).text, 'one');
    rmSync(work);
    mkdirSync(work);
  });

  test('in its handler only is not built again', async (context) => {
    const started = await start(context, first);
    await started.becomes('/a', 200, 'one');
    writeTree(started.gateway.root, { 'a/handler.js': "exports.handler = () => `${require('made')}!`;\n" });
    await started.gateway.reload();
    await started.becomes('/a', 200, 'one!');
    assert.equal(started.builds(), 1);
  });
});

describe('builds: what is kept', () => {
  test('a second start runs no tool, also where nothing may be installed; the artifact is read-only', async (context) => {
    const state = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-state-')));
    context.after(() => {
      openFolders(state);
      rmSync(state, { recursive: true, force: true });
    });
    const tree = { 'a/handler.js': usesMade, 'a/build.sh': makes('kept') };
    const one = await start(context, tree, { FN_STATE_DIR: state });
    await one.becomes('/a', 200, 'kept');
    await one.gateway.close();
    const two = await start(context, tree, { FN_STATE_DIR: state, FN_AUTO_INSTALL: '0' });
    const answer = await two.get('/a');
    assert.deepEqual([answer.status, answer.text], [200, 'kept']);
    assert.equal(two.builds(), 0);
    const [key = ''] = readdirSync(join(state, 'deps', 'node')).filter((name) => !name.startsWith('.'));
    const artifact = join(state, 'deps', 'node', key);
    assert.equal(statSync(artifact).mode & 0o777, 0o555);
    assert.equal(statSync(join(artifact, 'node_modules/made/index.js')).mode & 0o777, 0o444);
    const file = JSON.parse(
      readFileSync(join(state, 'state', readdirSync(join(state, 'state'))[0] ?? ''), 'utf8'),
    );
    assert.equal(file.last_install_status, 'ok');
    assert.equal(file.install_signature, key);
  });

  test('with FN_AUTO_INSTALL off what is missing is said, and never made', async (context) => {
    const started = await start(
      context,
      { 'a/handler.js': usesMade, 'a/build.sh': makes('x') },
      { FN_AUTO_INSTALL: '0' },
    );
    const answer = await started.get('/a');
    assert.equal(answer.status, 503);
    assert.match(answer.json().error, /dependencies are not installed: FN_AUTO_INSTALL is off/);
    assert.equal(started.builds(), 0);
  });

  test('with FN_PREINSTALL_NODE_DEPS_ON_START off the first request begins the build', async (context) => {
    const started = await start(
      context,
      { 'a/handler.js': usesMade, 'a/build.sh': makes('asked') },
      { FN_PREINSTALL_NODE_DEPS_ON_START: '0' },
    );
    await sleep(300);
    assert.equal(started.builds(), 0);
    assert.equal((await healthOf(started)).builds.summary.idle, 1);
    assert.equal((await started.get('/a')).status, 503);
    await started.becomes('/a', 200, 'asked');
    assert.equal(started.builds(), 1);
  });
});
