// Where new functions go, what manifests say, and figures over a day: with folders and clocks of the test's own.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DependencyState } from '../../../src/build/state-file.ts';
import { dependencyReport } from '../../../src/control/dependency-report.ts';
import { planFunction } from '../../../src/control/new-function-place.ts';
import { packsReport } from '../../../src/control/packs-report.ts';
import { TrafficFigures } from '../../../src/control/traffic-figures.ts';
import type { Catalog, FunctionUnit } from '../../../src/discovery/catalog.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { functionUnit } from '../../fakes/function-unit.ts';

let root = '';
before(() => {
  root = mkdtempSync(join(tmpdir(), 'fastfn-facts-'));
});
after(() => rmSync(root, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function catalogOf(units: readonly FunctionUnit[]): Catalog {
  const functions = new Map(units.map((unit) => [unit.key, unit]));
  return {
    ...{ generation: 1, generatedAt: 0, root, runtimes: ['node', 'python'], functions },
    ...{ routes: [], conflicts: [], warnings: [], faults: [] },
  };
}

const unitAt = (path: string, unit: Partial<FunctionUnit>): FunctionUnit =>
  functionUnit({}, { dir: join(root, path), home: join(root, path), ...unit });

describe('new functions: where they go', () => {
  const place = (catalog: Catalog, runtime: string, name: string, version = '') => {
    const plan = planFunction(catalog, { runtime, name, version }, {});
    const config = JSON.parse(plan.files['fn.config.json'] ?? '{}');
    return { folder: relative(root, plan.folder), identity: config.runtime ?? null };
  };
  const python = unitAt('greet', { key: 'python/greet@default', runtime: 'python', name: 'greet' });

  test('into the folder of their language, unless that would switch off languages in use', () => {
    assert.deepEqual(place(catalogOf([]), 'node', 'a/b'), { folder: 'node/a/b', identity: null });
    assert.deepEqual(place(catalogOf([python]), 'node', 'x'), { folder: 'x', identity: 'node' });
    assert.deepEqual(place(catalogOf([python]), 'python', 'x'), { folder: 'python/x', identity: null });
    mkdirSync(join(root, 'python'));
    assert.deepEqual(place(catalogOf([python]), 'node', 'x'), { folder: 'node/x', identity: null });
  });

  test('a version goes to its function, wherever that is', () => {
    const flat = unitAt('teams/mail', { key: 'node/mail@default', name: 'mail' });
    assert.deepEqual(place(catalogOf([flat]), 'node', 'mail', 'v2'), {
      folder: 'teams/mail/v2',
      identity: null,
    });
    const only = unitAt('node/old/v1', { key: 'node/old@v1', name: 'old', version: 'v1' });
    assert.deepEqual(place(catalogOf([only]), 'node', 'old', 'v2'), {
      folder: 'node/old/v2',
      identity: null,
    });
  });
});

describe('what manifests say', () => {
  const upkeep = { autoInstall: true, hotReload: false };
  const resolution = { last_install_status: 'ok' } as DependencyState;
  const report = (runtime: FunctionUnit['runtime'], file: string) =>
    dependencyReport(
      unitAt(`d-${runtime}`, { runtime, entry: join(root, `d-${runtime}`, file) }),
      resolution,
      upkeep,
    );

  test('each language in its own words', async () => {
    write({
      'd-python/handler.py': '#@requirements httpx rich\nimport x\n',
      'd-python/requirements.txt': '# comment\nrequests==2.0 # why\n\n',
      'd-node/handler.js': '',
      'd-node/package.json': '{"name":"n","dependencies":{"a":"1"},"devDependencies":{"b":"1","c":"2"}}',
      'd-node/package-lock.json': '{}',
      'd-php/composer.json': '{"require":{"x/y":"1"}}',
      'd-rust/Cargo.toml':
        '[package]\nname = "f"\n\n[dependencies]\nserde = "1"\nserde_json = { version = "1" }\n\n[dev-dependencies]\nnope = "1"\n',
      'd-go/go.mod': 'module f\n',
    });
    const python = (await report('python', 'handler.py'))['python'] as {
      requirements: Record<string, unknown>;
    };
    assert.deepEqual(python.requirements['inline'], ['httpx', 'rich']);
    assert.deepEqual(python.requirements['file_entries'], ['requests==2.0']);
    assert.equal(python.requirements['auto_install_enabled'], true);
    const node = await report('node', 'handler.js');
    assert.deepEqual(node['dependency_resolution'], resolution);
    const {
      dependencies,
      dev_dependency_count: count,
      lock_file: lock,
    } = node['node'] as Record<string, unknown>;
    assert.deepEqual([dependencies, count, lock], [['a'], 2, 'package-lock.json']);
    const php = (await report('php', 'handler.php'))['php'] as Record<string, unknown>;
    assert.deepEqual([php['composer_json_exists'], php['dependencies']], [true, ['x/y']]);
    const rust = (await report('rust', 'handler.rs'))['rust'] as Record<string, unknown>;
    assert.deepEqual([rust['dependencies'], rust['cargo_lock_exists']], [['serde', 'serde_json'], false]);
    assert.equal(rust['hot_reload_enabled'], false);
    const go = (await report('go', 'handler.go'))['go'] as Record<string, unknown>;
    assert.deepEqual([go['go_mod_exists'], go['go_sum_exists']], [true, false]);
  });

  test('nothing there, or nothing that can be read, is nothing', async () => {
    write({
      'd-lua/handler.lua': 'local j = require(\'json\')\nrequire "lib.tax"\n',
      'e/package.json': '{',
      'e/handler.js': '',
    });
    const lua = await report('lua', 'handler.lua');
    assert.deepEqual(lua['lua'], { sandbox: 'process', requires: ['json', 'lib.tax'] });
    const broken = await dependencyReport(unitAt('e', { entry: join(root, 'e/handler.js') }), null, upkeep);
    assert.equal((broken['node'] as Record<string, unknown>)['package_json_exists'], false);
  });

  test('packs are told with what is in them', async () => {
    write({ '.fastfn/packs/python/http/requirements.txt': 'x', '.fastfn/packs/node/ui/package.json': '{}' });
    const { runtimes } = (await packsReport(root, 0)) as {
      runtimes: Record<string, { packs: { name: string }[] }>;
    };
    assert.deepEqual(
      Object.entries(runtimes).map(([runtime, { packs }]) => [runtime, packs.map(({ name }) => name)]),
      [
        ['node', ['ui']],
        ['python', ['http']],
      ],
    );
  });
});

describe('figures of a day', () => {
  test('are differences of the counters, forgotten after a day, and come back after a restart', async () => {
    const clock = { now: 1_700_000_000_000 };
    const metrics = createMetrics();
    const traffic = new TrafficFigures(metrics, () => clock.now);
    assert.equal(await traffic.sample(), false);
    const unit = { function: 'node/a@default' };
    metrics.requests.inc({ ...unit, status: 200 }, 3);
    metrics.requests.inc({ ...unit, status: 503 });
    metrics.requests.inc({ function: '', status: 404 });
    metrics.duration.observe({ ...unit, status: 200 }, 0.2);
    assert.equal(await traffic.sample(), true);
    const { total, functions } = traffic.report();
    assert.deepEqual([total.requests, total.errors, total.invocations], [5, 1, 1]);
    assert.deepEqual(functions.get('node/a@default')?.requests, 4);

    const stored = JSON.parse(JSON.stringify(traffic.toJson()));
    const again = new TrafficFigures(createMetrics(), () => clock.now, stored);
    await again.sample();
    assert.equal(again.report().total.requests, 5);
    clock.now += 23 * 3_600_000;
    await again.sample();
    assert.equal(again.report().total.requests, 5);
    clock.now += 2 * 3_600_000;
    await again.sample();
    assert.deepEqual([again.report().total.requests, again.report().functions.size], [0, 0]);
  });

  test('a state file of another shape is none', () => {
    for (const stored of [
      null,
      7,
      { buckets: 7 },
      { buckets: { x: {}, '1': { requests: -1 } }, hours: { '2': 7 } },
    ]) {
      const { total } = new TrafficFigures(createMetrics(), () => 0, stored).report();
      assert.equal(total.requests, 0);
    }
  });
});
