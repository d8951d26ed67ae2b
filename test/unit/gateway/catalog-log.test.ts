import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Catalog } from '../../../src/discovery/catalog.ts';
import { CatalogLog } from '../../../src/gateway/catalog-log.ts';

const empty: Catalog = {
  generation: 1,
  generatedAt: 0,
  root: '/srv/fns',
  runtimes: ['node'],
  functions: new Map(),
  routes: [],
  conflicts: [],
  warnings: [],
  faults: [],
};
const fault = {
  file: 'x/fn.config.json',
  key: 'timeout_ms',
  found: '"abc"',
  accepted: 'a number > 0',
  severity: 'error',
} as const;

function collect() {
  const lines: { msg: string; level: number }[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { catalogLog: new CatalogLog(log), texts: () => lines.splice(0).map(({ msg }) => msg) };
}

test('catalog log: faults and warnings are told once, when they appear, and again when they come back', () => {
  const { catalogLog, texts } = collect();
  const broken: Catalog = {
    ...empty,
    faults: [fault],
    warnings: [
      { code: 'too_deep', file: 'a/b', message: 'too deep' },
      { code: 'private_file', file: 'c.js', message: 'private', level: 'info' },
    ],
  };
  catalogLog.add(broken);
  assert.deepEqual(texts(), [
    'cannot use x/fn.config.json timeout_ms: found "abc", accepted: a number > 0',
    'a/b: too deep',
  ]);
  catalogLog.add({ ...broken, generation: 2 });
  assert.deepEqual(texts(), []);
  catalogLog.add(empty);
  catalogLog.add({ ...empty, faults: [fault] });
  assert.equal(texts().length, 1);
});

test('catalog log: a tree with thousands of faults costs a hundred lines and one that says so', () => {
  const { catalogLog, texts } = collect();
  const faults = Array.from({ length: 3000 }, (_, index) => ({ ...fault, file: `f${index}/fn.config.json` }));
  catalogLog.add({ ...empty, faults });
  const told = texts();
  assert.equal(told.length, 101);
  assert.match(told.at(-1) ?? '', /more is wrong/);
});
