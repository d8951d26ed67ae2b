import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { faultText } from '../../../src/config/config-fault.ts';
import { anyFolder, load, loadBad, loadGood } from './sources.ts';

const errors = async (given: Parameters<typeof loadBad>[0]) =>
  (await loadBad(given)).filter((fault) => fault.severity === 'error').map(faultText);
const warnings = async (given: Parameters<typeof loadGood>[0]) =>
  (await loadGood(given)).faults.map(faultText);

describe('load-config: defaults', () => {
  test('an empty environment gives the documented defaults', async () => {
    const config = await loadGood();
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.port, 8080);
    assert.deepEqual(config.hotReload, { enabled: false, watchdog: true, debounceMs: 150, intervalMs: 2000 });
    assert.equal(config.runtimes, null);
    assert.equal(config.sockets.baseDir, '/tmp/fastfn');
    assert.deepEqual(config.defaults, { timeoutMs: 2500, maxConcurrency: 20, maxBodyBytes: 1_048_576 });
    assert.equal(config.http.maxBodyBytes, 10_485_760);
    assert.equal(config.drainTimeoutMs, 10_000);
    assert.equal(config.edge.landingPage, false);
    assert.equal(config.edge.verifyTls, true);
    assert.equal(config.http.maxLoopDelayMs, 500);
    assert.deepEqual(config.strictFs, { enabled: true, locked: true, allow: [] });
    assert.equal(config.control.localOnly, true);
    assert.equal(config.control.adminToken, null);
    assert.deepEqual(config.control.rateLimit, { max: 120, writeMax: 30, windowSeconds: 60 });
    assert.equal(config.log.format, 'json');
    assert.equal(config.stateDir, '/.fastfn');
    assert.deepEqual(config.faults, []);
  });

  test('dev reloads and unlocks, a terminal gets pretty lines', async () => {
    const config = await loadGood({ mode: 'dev', terminal: true });
    assert.equal(config.hotReload.enabled, true);
    assert.equal(config.strictFs.locked, false);
    assert.equal(config.edge.landingPage, true);
    assert.equal(config.log.format, 'pretty');
  });

  test('the whole configuration is frozen, maps included', async () => {
    const config = await loadGood();
    assert.throws(() => Object.assign(config.http, { maxConnections: 1 }), TypeError);
    assert.throws(() => (config.runtimeDaemons as Map<string, number>).set('node', 9), /cannot change/);
    assert.throws(() => (config.adapters as Map<string, unknown>).clear(), /cannot change/);
  });
});

describe('load-config: sandbox', () => {
  test('maxima and network come in the units of policies', async () => {
    const files = { '/fastfn.json': { 'sandbox-max-memory-mb': 256, sandbox_network: [443] } };
    const { sandbox } = await loadGood({ files, environment: { FN_SANDBOX_MAX_CPU_MS: '500' } });
    assert.deepEqual(sandbox.network, { outboundTcp: [443], udp: false });
    assert.equal(sandbox.maxima.memoryBytes, 256 * 1024 * 1024);
    assert.equal(sandbox.maxima.cpuMs, 500);
    assert.equal(sandbox.maxima.openFiles, 4096);
    assert.deepEqual(sandbox.streams, { idleMs: 600_000, maxMs: 86_400_000 });
  });

  test('a limited network without the jail that holds it is an error', async () => {
    const environment = { FN_SANDBOX_NETWORK: 'none', FN_STRICT_FS: '0' };
    const [error = ''] = await errors({ environment });
    assert.match(error, /FN_SANDBOX_NETWORK/);
    assert.equal((await loadGood({ environment: { FN_STRICT_FS: '0' } })).strictFs.enabled, false);
  });

  test('FN_WORKER_USER is nobody unless it is set', async () => {
    assert.equal((await loadGood()).workerUser, null);
  });
});

describe('load-config: precedence', () => {
  const files = { '/fastfn.json': { port: 1111 } };

  test('flag beats environment beats fastfn.json beats default', async () => {
    const environment = { FN_HOST_PORT: '2222' };
    assert.equal((await loadGood({ files })).port, 1111);
    assert.equal((await loadGood({ files, environment })).port, 2222);
    assert.equal((await loadGood({ files, environment, flags: { port: '3333' } })).port, 3333);
  });

  test('an empty variable counts as unset', async () => {
    assert.equal((await loadGood({ files, environment: { FN_HOST_PORT: '' } })).port, 1111);
  });

  test('--hot-reload beats the variable, the variable beats the file', async () => {
    const off = { FN_HOT_RELOAD: 'off' };
    const on = { '/fastfn.json': { 'hot-reload': true } };
    assert.equal((await loadGood({ environment: off, flags: { hotReload: true } })).hotReload.enabled, true);
    assert.equal((await loadGood({ environment: off, files: on })).hotReload.enabled, false);
    assert.equal((await loadGood({ files: on })).hotReload.enabled, true);
    assert.equal((await loadGood({ mode: 'dev', flags: { hotReload: false } })).hotReload.enabled, false);
  });

  test('every spelling of a key means the same', async () => {
    for (const spelled of [
      { 'force-url': true },
      { force_url: true },
      { forceUrl: true },
      { force: { url: true } },
    ]) {
      assert.equal(
        (await loadGood({ files: { '/fastfn.json': spelled } })).forceUrl,
        true,
        JSON.stringify(spelled),
      );
    }
  });

  test('unprefixed variables have no effect', async () => {
    assert.equal((await loadGood({ environment: { FORCE_URL: '1', PORT: '9' } })).forceUrl, false);
  });
});

describe('load-config: functions folder', () => {
  let dir = '';
  before(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-config-')));
    for (const name of ['arg', 'file', 'env']) mkdirSync(join(dir, name));
    symlinkSync(join(dir, 'arg'), join(dir, 'link'));
    writeFileSync(join(dir, 'plain'), '');
  });
  after(() => rmSync(dir, { recursive: true }));

  test('argument beats fastfn.json beats FN_FUNCTIONS_ROOT beats the current folder', async () => {
    const files = { [join(dir, 'fastfn.json')]: { 'functions-dir': 'file' } };
    const environment = { FN_FUNCTIONS_ROOT: join(dir, 'env') };
    const root = async (given: object) => (await loadGood({ cwd: dir, ...given })).functionsRoot;
    assert.equal(await root({ files, environment, argument: 'arg' }), join(dir, 'arg'));
    assert.equal(await root({ files, environment }), join(dir, 'file'));
    assert.equal(await root({ environment }), join(dir, 'env'));
    assert.equal(await root({}), dir);
  });

  test('a relative functions-dir starts at its file', async () => {
    const files = { [join(dir, 'env/other.json')]: { functionsDir: '../arg' } };
    const config = await loadGood({ cwd: dir, files, configFile: 'env/other.json' });
    assert.equal(config.functionsRoot, join(dir, 'arg'));
  });

  test('a link is resolved', async () => {
    assert.equal((await loadGood({ cwd: dir, argument: 'link' })).functionsRoot, join(dir, 'arg'));
  });

  test('a missing folder is named in the words of the command', async () => {
    const missing = { cwd: dir, argument: 'nope' };
    assert.deepEqual(await errors(missing), [`Directory not found: ${join(dir, 'nope')}`]);
    assert.deepEqual(await errors({ ...missing, mode: 'dev' }), [
      `Invalid functions directory: ${join(dir, 'nope')}`,
    ]);
    assert.equal((await errors({ cwd: dir, argument: 'plain' })).length, 1);
  });

  test('a selected language that this host lacks stays selected, with a warning; none at all is an error', async () => {
    const given = { environment: { FN_RUNTIMES: 'node,php' } };
    const config = await loadGood(given);
    assert.deepEqual(config.runtimes, ['node', 'php']);
    assert.equal(config.adapters.get('php')?.available, false);
    assert.match((await warnings(given)).join(), /^Ignoring runtime php \(missing: php not found\)/);
    const [text] = await errors({ environment: { FN_RUNTIMES: 'php' } });
    assert.match(text ?? '', /no compatible runtimes enabled \(FN_RUNTIMES="php"\)/);
  });

  test('allowed paths start at the functions folder; missing ones are left out with a warning', async () => {
    const environment = { FN_STRICT_FS_ALLOW: `../env:ro,${join(dir, 'file')}:../link, ../gone` };
    const config = await loadGood({ cwd: dir, argument: 'arg', environment });
    assert.deepEqual(config.strictFs.allow, [
      { path: join(dir, 'env'), write: false },
      { path: join(dir, 'file'), write: true },
      { path: join(dir, 'arg'), write: true },
    ]);
    assert.match(config.faults.map(faultText).join('\n'), /Ignoring \.\.\/gone in FN_STRICT_FS_ALLOW/);
  });
});

describe('load-config: faults', () => {
  test('all faults of all sources come at once', async () => {
    const texts = await errors({
      flags: { logFormat: 'xml' },
      environment: {
        FN_HOST_PORT: 'abc',
        FN_DEFAULT_TIMEOUT_MS: '0',
        FN_SANDBOX_REQUIRED: 'maybe',
        FN_SANDBOX_NAMESPACE: 'on',
      },
      files: { '/fastfn.json': '{\n  "host": 5,\n  "drain-timeout-ms": -1\n}' },
    });
    assert.equal(texts.length, 7);
    for (const part of [
      'invalid FN_SANDBOX_NAMESPACE "on"',
      'invalid --log-format "xml"',
      'invalid FN_HOST_PORT "abc"',
      'invalid FN_DEFAULT_TIMEOUT_MS "0"',
      'invalid FN_SANDBOX_REQUIRED "maybe"',
      'fastfn.json:2 host: found 5',
      'fastfn.json:3 drain-timeout-ms: found -1',
    ]) {
      assert.ok(
        texts.some((text) => text.includes(part)),
        `${part} in ${texts.join(' | ')}`,
      );
    }
  });

  test('ports outside 0 to 65535 are refused, 0 means any free port', async () => {
    for (const port of ['abc', '-1', '70000', '80.5', '0x50', '1e3']) {
      assert.match(
        (await errors({ environment: { FN_HOST_PORT: port } })).join(),
        /invalid FN_HOST_PORT/,
        port,
      );
    }
    assert.equal((await loadGood({ environment: { FN_HOST_PORT: '0' } })).port, 0);
  });

  test('an unknown variable is a warning with a guess, and its value is not shown', async () => {
    const texts = await warnings({ environment: { FN_HOTRELOAD: 's3cret', FN_PORT: '1', FN_ZZZZZZ: 'x' } });
    assert.match(texts.join('\n'), /unknown variable FN_HOTRELOAD \(did you mean FN_HOT_RELOAD\?\)/);
    assert.match(texts.join('\n'), /unknown variable FN_PORT \(did you mean FN_HOST_PORT\?\)/);
    assert.match(texts.join('\n'), /unknown variable FN_ZZZZZZ$/m);
    assert.doesNotMatch(texts.join('\n'), /s3cret/);
  });

  test('a variable of a later part is not called unknown', async () => {
    const environment = { FN_SCHEDULER_ENABLED: '1', FN_NODE_POOL_IDLE_TTL_MS: '1', FN_MAX_FRAME_BYTES: '9' };
    const texts = await warnings({ environment });
    assert.equal(texts.length, 3);
    assert.ok(texts.every((text) => text.includes('has no effect')));
  });

  test('header time may not exceed the time of the whole request', async () => {
    const environment = { FN_HTTP_HEADERS_TIMEOUT_MS: '5000', FN_HTTP_REQUEST_TIMEOUT_MS: '1000' };
    assert.match((await errors({ environment })).join(), /FN_HTTP_HEADERS_TIMEOUT_MS/);
  });

  test('a default body limit over the server limit is a warning', async () => {
    const environment = { FN_DEFAULT_MAX_BODY_BYTES: '2000', FN_MAX_BODY_BYTES: '1000' };
    assert.match((await warnings({ environment })).join(), /FN_DEFAULT_MAX_BODY_BYTES/);
  });

  test('a bad secret is never shown', async () => {
    const texts = await errors({ environment: { FN_ADMIN_TOKEN: 'to\u0000ken' } });
    assert.match(texts.join(), /FN_ADMIN_TOKEN/);
    assert.doesNotMatch(texts.join(), /to.{0,6}ken/);
  });

  test('the draft of a faulty configuration holds defaults in place of what is wrong', async () => {
    const loaded = await load({
      environment: { FN_HOST_PORT: 'abc', FN_HOST: '0.0.0.0' },
      argument: anyFolder,
    });
    assert.ok('draft' in loaded);
    assert.equal(loaded.draft.port, 8080);
    assert.equal(loaded.draft.host, '0.0.0.0');
    assert.equal(loaded.hasRoot, true);
  });
});
