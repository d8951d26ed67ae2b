// Dependencies and builds in a whole gateway: what clients, operators and the disk see while tools run,
// when functions change, and at the next start. The tools are shell scripts in the build jail; registries are the affair of each language's own tests.
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
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { healthOf, processesWith, startBuilding } from './support/build-gateway.ts';
import { eventually } from './support/eventually.ts';
import { makes, usesMade } from './support/script-planner.ts';
import { openFolders, type Tree, writeTree } from './support/tree.ts';

describe('builds: while one runs', () => {
  test('its function answers 503 in JSON and HTML, others are served, then it is served without a restart', async (context) => {
    const started = await startBuilding(context, {
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
    const started = await startBuilding(context, {
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
    const started = await startBuilding(
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
  const started = await startBuilding(
    context,
    { 'b/handler.js': "exports.handler = () => 'b';\n" },
    { FN_STATE_DIR: state },
  );
  await eventually(() => assert.deepEqual(processesWith(mark), []));
  await eventually(() => assert.deepEqual(readdirSync(join(state, 'deps/.work')), []));
  assert.equal((await started.get('/b')).text, 'b');
});

describe('builds: what they are to the gateway', () => {
  test('one that calls it over loopback is no operator', async (context) => {
    const started = await startBuilding(context, { 'a/handler.js': usesMade });
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
    const started = await startBuilding(
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
    const started = await startBuilding(context, first);
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
      const started = await startBuilding(context, first, { FN_HOT_RELOAD: hotReload });
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
    const started = await startBuilding(context, first, { FN_HOT_RELOAD: '1' });
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
    const started = await startBuilding(context, first);
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
    const one = await startBuilding(context, tree, { FN_STATE_DIR: state });
    await one.becomes('/a', 200, 'kept');
    await one.gateway.close();
    const two = await startBuilding(context, tree, { FN_STATE_DIR: state, FN_AUTO_INSTALL: '0' });
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
    const started = await startBuilding(
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
    const started = await startBuilding(
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
