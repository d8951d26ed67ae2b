import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { BuildPlan } from '../../../src/build/build-plan.ts';
import { type BuildPlanner, PlanFault } from '../../../src/build/build-planner.ts';
import { BuildService, type BuildServiceOptions } from '../../../src/build/build-service.ts';
import { refusalOf } from '../../../src/build/build-state.ts';
import { contentKey } from '../../../src/build/content-key.ts';
import type { StepOutcome, StepRun } from '../../../src/build/step-runner.ts';
import type { FunctionUnit } from '../../../src/discovery/catalog.ts';
import { silentLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { type BuildSettings, defaultBuildSettings } from '../../../src/policy/build-settings.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { functionUnit } from '../../fakes/function-unit.ts';
import { openFolders } from '../../integration/support/tree.ts';

const ok: StepOutcome = { kind: 'ok', stdout: [], stderr: [] };
const broken: StepOutcome = {
  kind: 'failed',
  reason: 'exit status 1',
  stdout: [],
  stderr: ['no such package'],
};

/** Its key and its step depend on the signature only. */
function planOf({ signature, key }: FunctionUnit): BuildPlan {
  const step = {
    tool: 'tool',
    command: { file: '/bin/sh', args: [signature] },
    env: {},
    network: 'none',
    toolchain: [],
    caches: [],
    timeoutMs: 1000,
  } as const;
  return {
    key: contentKey([['signature', signature.split('#')[0] ?? '']]),
    runtime: 'node',
    kind: 'dependencies',
    files: [{ path: 'input', text: signature }],
    steps: [step],
    output: { program: null, importPaths: ['out'] },
    failureText: `install failed for ${key}`,
  };
}

const unitOf = (name: string, signature: string, changes: Partial<FunctionUnit> = {}) =>
  functionUnit({}, { key: `node/${name}@default`, name, signature, ...changes });

describe('the build service', () => {
  let stateDir = '';
  let clock = new FakeClock();
  let runs: StepRun[] = [];
  let outcomes: (StepOutcome | Promise<StepOutcome>)[] = [];
  const services: BuildService[] = [];

  beforeEach(() => {
    stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-state-')));
    clock = new FakeClock();
    runs = [];
    outcomes = [];
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.close();
    openFolders(stateDir);
    await rm(stateDir, { recursive: true, force: true });
  });

  function open(
    planner: BuildPlanner = async (unit) => planOf(unit),
    settings: Partial<BuildSettings> = {},
    changes: Partial<BuildServiceOptions> = {},
  ): BuildService {
    const removeTree = (path: string) => rm(path, { recursive: true, force: true });
    const service = new BuildService({
      planners: { node: planner, python: null, php: null, lua: null, rust: null, go: null },
      tools: {
        settings: { ...defaultBuildSettings, ...settings },
        functionsRoot: '/functions',
        runtimesDir: '/runtimes',
        find: async () => ({ found: false, reason: 'not found' }),
      },
      stateDir,
      run: async (run) => {
        runs.push(run);
        const outcome = (await outcomes.shift()) ?? ok;
        if (outcome.kind === 'ok') {
          mkdirSync(join(run.workingDir, 'out'));
          writeFileSync(join(run.workingDir, 'out/package'), 'made');
        }
        return outcome;
      },
      host: { strict: true, limits: defaultBuildSettings.limits, programs: [], environment: {} },
      owner: null,
      care: { removeTree, clear: removeTree, isLargerThan: async () => false },
      maskPaths: (text) => text,
      inUse: () => new Set(),
      clock,
      log: silentLog,
      metrics: createMetrics(),
      ...changes,
    });
    services.push(service);
    return service;
  }

  const one = unitOf('one', 'v1');

  test('builds what is missing, once, and finds it again without a tool', async () => {
    const service = open();
    await service.prepare([one]);
    assert.equal(service.stateOf(one).kind, 'building');
    await service.settled();
    const state = service.stateOf(one);
    assert.equal(state.kind, 'built');
    if (state.kind === 'built') {
      const [path = ''] = state.artifact.importPaths;
      assert.equal(readFileSync(join(path, 'package'), 'utf8'), 'made');
    }
    const again = open();
    await again.prepare([one]);
    assert.equal(again.stateOf(one).kind, 'built');
    assert.equal(runs.length, 1);
    await service.close();
    await again.close();
    assert.deepEqual(readdirSync(join(stateDir, 'deps/.work')), []);
  });

  test('shares one build between functions with equal keys, and tells of the change once', async () => {
    const service = open();
    let changes = 0;
    service.whenChanged(() => {
      changes += 1;
    });
    const two = unitOf('two', 'v1');
    await service.prepare([one, two]);
    await new Promise(setImmediate);
    const before = changes;
    await service.settled();
    assert.equal(runs.length, 1);
    assert.deepEqual([service.stateOf(one).kind, service.stateOf(two).kind], ['built', 'built']);
    assert.equal(changes - before, 1);
  });

  test('two gateways on one state folder: the second waits for the first and takes what it made', async () => {
    const gate = Promise.withResolvers<StepOutcome>();
    outcomes = [gate.promise];
    const [first, second] = [open(), open()];
    await first.prepare([one]);
    while (runs.length === 0) await new Promise(setImmediate);
    await second.prepare([one]);
    await new Promise(setImmediate);
    assert.equal(second.stateOf(one).kind, 'building');
    gate.resolve(ok);
    await first.settled();
    await clock.advanceAsync(250);
    await second.settled();
    assert.equal(second.stateOf(one).kind, 'built');
    assert.equal(runs.length, 1);
  });

  test('a failure is remembered for ten seconds, then tried again when somebody asks, then for twenty', async () => {
    outcomes = [broken, broken, ok];
    const service = open();
    await service.prepare([one]);
    await service.settled();
    const state = service.stateOf(one);
    assert.equal(state.kind, 'failed');
    assert.equal(refusalOf(state)?.message, 'install failed for node/one@default: no such package');
    clock.advance(9_999);
    service.requested(one.key);
    assert.equal(service.stateOf(one).kind, 'failed');
    // Another function with the same inputs hears of it without a run.
    const two = unitOf('two', 'v1');
    await service.prepare([one, two]);
    assert.equal(service.stateOf(two).kind, 'failed');
    clock.advance(1);
    service.requested(one.key);
    assert.equal(service.stateOf(one).kind, 'building');
    await service.settled();
    assert.equal(runs.length, 2);
    clock.advance(19_999);
    service.requested(one.key);
    assert.equal(service.stateOf(one).kind, 'failed');
    clock.advance(1);
    service.requested(one.key);
    await service.settled();
    assert.equal(service.stateOf(one).kind, 'built');
  });

  test('a step that fails gives way to its fallback', async () => {
    outcomes = [broken, ok];
    const service = open(async (unit) => {
      const plan = planOf(unit);
      const [step] = plan.steps;
      if (step === undefined) return null;
      return { ...plan, steps: [{ ...step, fallback: { ...step, tool: 'second' } }] };
    });
    await service.prepare([one]);
    await service.settled();
    assert.equal(service.stateOf(one).kind, 'built');
    assert.deepEqual(
      runs.map(({ name }) => name),
      ['tool of node/one@default', 'second of node/one@default'],
    );
  });

  test('a change of what the build does not depend on keeps the build that runs', async () => {
    const gate = Promise.withResolvers<StepOutcome>();
    outcomes = [gate.promise];
    const service = open();
    await service.prepare([unitOf('one', 'v1#a')]);
    const changed = unitOf('one', 'v1#b');
    await service.prepare([changed]);
    gate.resolve(ok);
    await service.settled();
    assert.equal(service.stateOf(changed).kind, 'built');
    assert.equal(runs.length, 1);
  });

  test('a change of what it depends on ends the build that runs; so does the end of the function', async () => {
    const aborted: boolean[] = [];
    const run = (_run: StepRun, signal: AbortSignal) =>
      new Promise<StepOutcome>((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.push(true);
          resolve({ kind: 'cancelled', stdout: [], stderr: [] });
        });
      });
    const service = open(undefined, {}, { run });
    for (const units of [[one], [unitOf('one', 'v2')], []]) {
      await service.prepare(units);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    }
    await service.settled();
    assert.deepEqual(aborted, [true, true]);
    assert.equal(service.stateOf(one).kind, 'building');
  });

  test('with FN_AUTO_INSTALL off builds nothing, and takes what appears', async () => {
    const service = open(undefined, { enabled: false });
    await service.prepare([one]);
    const state = service.stateOf(one);
    assert.match(refusalOf(state)?.message ?? '', /FN_AUTO_INSTALL is off/);
    const other = open();
    await other.prepare([one]);
    await other.settled();
    clock.advance(10_000);
    service.requested(one.key);
    await service.settled();
    assert.equal(service.stateOf(one).kind, 'built');
    assert.equal(runs.length, 1);
  });

  test('waits for the first request where builds do not begin at start; a change is built at once', async () => {
    const service = open(undefined, { onStart: { python: true, node: false } });
    await service.prepare([one]);
    assert.equal(service.stateOf(one).kind, 'idle');
    assert.equal(refusalOf(service.stateOf(one))?.headers['Retry-After'], '2');
    service.requested(one.key);
    assert.equal(service.stateOf(one).kind, 'building');
    await service.settled();
    const changed = unitOf('one', 'v2');
    await service.prepare([changed]);
    assert.equal(service.stateOf(changed).kind, 'building');
  });

  test('files that cannot be planned are 500 with the planner’s words; a fault of ours does not show', async () => {
    for (const [thrown, status, text] of [
      [new PlanFault('invalid package.json at a: x'), 500, 'invalid package.json at a: x'],
      [new Error('secret detail'), 503, 'cannot build: the gateway could not carry it out, its log says why'],
    ] as const) {
      const service = open(() => Promise.reject(thrown));
      await service.prepare([one]);
      const refusal = refusalOf(service.stateOf(one));
      assert.deepEqual([refusal?.status, refusal?.message], [status, text]);
    }
  });

  test('a state folder that cannot be written is said so, and is no reason to replace what serves', async () => {
    writeFileSync(join(stateDir, 'deps'), 'a file in its place');
    const service = open();
    await service.prepare([one]);
    await service.settled();
    const state = service.stateOf(one);
    assert.equal(state.kind === 'failed' ? state.fault.stage : state.kind, 'host');
  });

  test('keeps one state file for each function, written when something has changed, removed with it', async () => {
    const report = { mode: 'inferred', manifestPath: '/functions/one/package.json', note: 'x' } as const;
    const service = open(async (unit) =>
      unit.name === 'two' ? { kind: 'none', report } : { ...planOf(unit), report },
    );
    const two = unitOf('two', 'v1');
    await service.prepare([one, two]);
    await service.settled();
    const names = readdirSync(join(stateDir, 'state')).sort();
    assert.deepEqual(names, ['node%2Fone%40default.deps.json', 'node%2Ftwo%40default.deps.json']);
    const [first, second] = names.map((name) =>
      JSON.parse(readFileSync(join(stateDir, 'state', name), 'utf8')),
    );
    assert.deepEqual(Object.keys(first), [
      'runtime',
      'mode',
      'manifest_path',
      'manifest_generated',
      'infer_backend',
      'inference_duration_ms',
      'inferred_imports',
      'resolved_packages',
      'unresolved_imports',
      'last_install_status',
      'last_error',
      'lockfile_path',
      'install_signature',
      'updated_at',
    ]);
    assert.equal(first.last_install_status, 'ok');
    assert.equal(first.manifest_path, 'one/package.json');
    assert.deepEqual([second.last_install_status, second.last_error], ['skipped', 'x']);
    assert.equal(service.dependencyState(one.key)?.install_signature, first.install_signature);
    const again = open(async (unit) => ({ ...planOf(unit), report }));
    await again.prepare([one]);
    await again.settled();
    assert.deepEqual(readdirSync(join(stateDir, 'state')), ['node%2Fone%40default.deps.json']);
    const rewritten = JSON.parse(readFileSync(join(stateDir, 'state', names[0] ?? ''), 'utf8'));
    assert.equal(rewritten.updated_at, first.updated_at);
  });

  test('a folder that somebody has cleared is built anew at the next reload', async () => {
    const service = open();
    await service.prepare([one]);
    await service.settled();
    openFolders(join(stateDir, 'deps'));
    await rm(join(stateDir, 'deps'), { recursive: true });
    await service.prepare([one]);
    await service.settled();
    assert.equal(service.stateOf(one).kind, 'built');
    assert.equal(runs.length, 2);
  });

  test('closing ends what runs and lets nothing begin', async () => {
    const service = open(
      undefined,
      {},
      {
        run: (_run, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve({ kind: 'cancelled', stdout: [], stderr: [] }));
          }),
      },
    );
    await service.prepare([one]);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    await service.close();
    service.requested(one.key);
    assert.equal(clock.pending, 0);
  });
});
