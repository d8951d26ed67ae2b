import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { nodeUp, startControl } from './support.ts';

type Control = Awaited<ReturnType<typeof startControl>>;

const stranger = '203.0.113.9';

describe('control plane: health and readiness', () => {
  let control: Control;
  before(async () => {
    control = await startControl();
  });
  after(() => control.close());

  test('a stranger learns the status and the counts, and no path of the host', async () => {
    const answer = await control.ask('/_fn/health', { from: stranger });
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(answer.json()).sort(), ['functions', 'status']);
    assert.equal(answer.json().status, 'ok');
    assert.deepEqual(Object.keys(answer.json().functions), ['summary']);
    assert.doesNotMatch(answer.text, /\/srv|\/run|hello/);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(String(answer.headers['x-request-id']), /^req-/);
  });

  test('the operator sees functions, runtimes, sandbox, faults and reloads', async () => {
    const report = (await control.ask('/_fn/health')).json();
    assert.equal(report.functions_root, '/srv/fns');
    assert.deepEqual(report.runtime_order, ['node']);
    assert.deepEqual(report.routing, { mapped_routes: 1, mapped_route_conflicts: 1 });
    assert.equal(report.hot_reload.generation, 3);
    assert.deepEqual(report.sandbox, { landlock: 'abi 7' });
    assert.deepEqual(report.faults, []);
    assert.equal(report.warnings.length, 1);
    assert.equal(report.runtimes.node.routing, 'single');
    assert.equal(report.runtimes.node.health.up, true);
    const [state] = report.functions.states;
    assert.equal(state.key, 'node/hello@default');
    assert.equal(state.state, 'cold');
    assert.deepEqual(state.worker_pool.queue_drops, { overflow: 0, timeout: 0, total: 0 });
    assert.deepEqual(report.functions.summary, {
      total: 1,
      warm: 0,
      stale: 0,
      cold: 1,
      keep_warm_enabled: 0,
      pool_enabled: 0,
      pool_active: 0,
      pool_queued: 0,
      pool_queue_drops: 0,
      pool_queue_overflow_drops: 0,
      pool_queue_timeout_drops: 0,
    });
  });

  test('a function goes from cold to warm to stale', async () => {
    const [deployment] = control.edge.state.deployments.values();
    const state = async () => (await control.ask('/_fn/health')).json().functions.states[0].state;
    deployment?.markWarm(Date.now());
    assert.equal(await state(), 'warm');
    deployment?.markWarm(Date.now() - 301_000);
    assert.equal(await state(), 'stale');
    control.edge.pool.ready = 0;
    assert.equal(await state(), 'cold');
    control.edge.pool.ready = 1;
  });

  test('a runtime that is down degrades; when all are, it is down, and not ready', async () => {
    const down = { ...nodeUp, up: false, reason: 'not found' };
    control.state.runtimes = [nodeUp, { ...down, name: 'python' }];
    assert.equal((await control.ask('/_fn/health')).json().status, 'degraded');
    const ready = await control.ask('/_fn/ready', { from: stranger });
    assert.equal(ready.status, 503);
    assert.equal(ready.json().reason, 'runtime down: python');
    assert.equal((await control.ask('/_fn/health?ready=1')).status, 503);
    control.state.runtimes = [down];
    const dead = await control.ask('/_fn/health');
    assert.equal(dead.json().status, 'down');
    assert.equal(dead.status, 200);
    control.state.runtimes = [nodeUp];
    assert.equal((await control.ask('/_fn/ready')).status, 200);
    assert.equal((await control.ask('/_fn/health?ready=1')).status, 200);
  });

  test('a reload that failed degrades', async () => {
    control.state.lastError = 'cannot scan';
    assert.equal((await control.ask('/_fn/health')).json().status, 'degraded');
    assert.equal((await control.ask('/_fn/health')).json().hot_reload.last_error, 'cannot scan');
    control.state.lastError = null;
  });

  test('while draining it is alive and not ready', async () => {
    control.edge.state.draining = true;
    assert.equal((await control.ask('/_fn/health')).status, 200);
    assert.equal((await control.ask('/_fn/ready')).json().reason, 'draining');
    control.edge.state.draining = false;
  });
});

describe('control plane: the rest of the table', () => {
  let control: Control;
  before(async () => {
    control = await startControl();
  });
  after(() => control.close());

  test('metrics are Prometheus text with the gates of now, on both paths', async () => {
    for (const path of ['/_fn/metrics', '/system/metrics']) {
      const answer = await control.ask(path);
      assert.equal(answer.status, 200);
      assert.match(String(answer.headers['content-type']), /^text\/plain/);
      assert.match(answer.text, /fastfn_invocations_active\{function="node\/hello@default"\} 0/);
      assert.equal((await control.ask(path, { from: stranger })).status, 403);
    }
  });

  test('the catalog lists routes and functions', async () => {
    const report = (await control.ask('/_fn/catalog')).json();
    assert.deepEqual(report.mapped_routes['/hello'], [
      { runtime: 'node', fn_name: 'hello', methods: ['GET'], source_rank: 3, force_url: false },
    ]);
    assert.deepEqual(report.mapped_route_conflicts, { '/both': true });
    const [unit] = report.runtimes.node.functions;
    assert.equal(unit.name, 'hello');
    assert.equal(unit.has_default, true);
    assert.deepEqual(unit.versions, []);
    assert.deepEqual(unit.policy.routes, ['/hello']);
  });

  test('reload is POST only, with the CSRF header, and tells what it did', async () => {
    const get = await control.ask('/_fn/reload');
    assert.equal(get.status, 405);
    assert.equal(get.headers.allow, 'POST');
    assert.equal((await control.ask('/_fn/reload', { from: stranger })).status, 405);
    const bare = await control.ask('/_fn/reload', { method: 'POST' });
    assert.equal(bare.status, 403);
    assert.equal(bare.json().error, 'missing CSRF header');
    assert.equal(control.state.reloads, 0);
    for (const headers of [{}, { 'content-type': 'application/x-www-form-urlencoded' }] as Record<
      string,
      string
    >[]) {
      const done = await control.ask('/_fn/reload', {
        method: 'POST',
        headers: { 'x-fn-request': '1', ...headers },
        payload: 'ignored',
      });
      assert.equal(done.status, 200, done.text);
      assert.equal(done.json().ok, true);
    }
    assert.equal(control.state.reloads, 2);
  });

  test('what is not in the table is not found, and the console is off', async () => {
    for (const path of ['/_fn', '/_fn/', '/_fn/x', '/_fn/health/x', '/_fn/nothing.json']) {
      const answer = await control.ask(path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.json().error, 'not found');
      assert.equal(answer.json().request_id, answer.headers['x-request-id']);
    }
    for (const path of ['/console', '/console/', '/console/assets/x.js']) {
      assert.equal((await control.ask(path)).json().error, 'console ui disabled', path);
    }
  });

  test('other methods are 405 after the guard, with Allow', async () => {
    const answer = await control.ask('/_fn/metrics', { method: 'PUT', headers: { 'x-fn-request': '1' } });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, 'GET, HEAD');
    assert.equal((await control.ask('/_fn/metrics', { method: 'PUT', from: stranger })).status, 403);
    assert.equal((await control.ask('/_fn/health', { method: 'HEAD' })).status, 200);
  });
});

test('control plane: a failed reload says so and leaks nothing', async () => {
  for (const [thrown, text] of [
    [new Error('ENOENT /srv/secret'), 'reload failed: the old catalog goes on serving'],
    [new GatewayError('config_invalid', { text: 'two roots' }), 'reload failed: two roots'],
  ] as const) {
    const control = await startControl({ deps: { reload: () => Promise.reject(thrown) } });
    try {
      const answer = await control.ask('/_fn/reload', { method: 'POST', headers: { 'x-fn-request': '1' } });
      assert.equal(answer.status, 500);
      assert.equal(answer.json().error, text);
    } finally {
      await control.close();
    }
  }
});
