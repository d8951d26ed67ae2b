import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttackClass, byLandlock, bySeccomp } from '../../../src/prove/attack-class.ts';
import { functionClasses } from '../../../src/prove/corpus.ts';
import { differencesOf, type RunAttempts, runClass, throughAt } from '../../../src/prove/corpus-run.ts';
import { reportLanguage, skippedLanguage, summarise } from '../../../src/prove/prove-report.ts';

const attack: AttackClass<'python'> = {
  name: 'doors',
  language: 'python',
  rows: { read: byLandlock(), fork: bySeccomp(), absent: bySeccomp() },
  honest: ['own'],
};

/** A kernel as a table: level → attempt → outcome; what is not named is as without a jail. */
function kernelOf(table: Record<string, Record<string, string>>) {
  const asked: string[] = [];
  const run: RunAttempts = async (level, attempts) => {
    asked.push(`${level}: ${attempts.join(' ')}`);
    const none = { read: 'ok', fork: 'ok', absent: 'ENODEV', own: 'ok' } as Record<string, string>;
    return Object.fromEntries(attempts.map((name) => [name, table[level]?.[name] ?? none[name] ?? 'ok']));
  };
  return { run, asked };
}

const whole = { read: 'EACCES', fork: 'EPERM' };
const sound = { landlock: { read: 'EACCES' }, seccomp: { fork: 'EPERM' }, kernel: whole, guarded: whole };

test('a class: an attempt that fails without a jail is not made again', async () => {
  const { run, asked } = kernelOf(sound);
  await runClass(attack, run);
  assert.deepEqual(asked, [
    'none: read fork absent own',
    'landlock: read',
    'seccomp: fork',
    'kernel: read fork own',
    'guarded: read fork own',
  ]);
});

test('a class: what holds as the table says has no differences', async () => {
  assert.deepEqual(differencesOf(await runClass(attack, kernelOf(sound).run)), []);
});

test('a class: the language guard may answer before the kernel', async () => {
  const { run } = kernelOf({ ...sound, guarded: { read: 'GUARD', fork: 'EPERM' } });
  assert.deepEqual(differencesOf(await runClass(attack, run)), []);
});

test('a class: an attempt that gets through, or is stopped for another reason, is named with its level', async () => {
  const { run } = kernelOf({ ...sound, seccomp: {}, kernel: { read: 'ENOENT', fork: 'EPERM' } });
  const result = await runClass(attack, run);
  assert.deepEqual(differencesOf(result), [
    'doors: fork met ok, expected EPERM (seccomp)',
    'doors: read met ENOENT, expected EACCES (kernel)',
  ]);
  assert.deepEqual(throughAt(result, 'seccomp'), ['fork']);
  assert.deepEqual(throughAt(result, 'kernel'), []);
});

test('a class: what honest functions do must go on working', async () => {
  const { run } = kernelOf({ ...sound, kernel: { ...whole, own: 'EACCES' } });
  const result = await runClass(attack, run);
  assert.deepEqual(differencesOf(result), ['doors: own is honest but met EACCES (kernel)']);
  const report = reportLanguage({ language: 'python', version: '3', results: [result], missing: new Map() });
  assert.deepEqual(report.refused, ['doors: own']);
  assert.equal(summarise([report]).proven, false);
});

test('a class: a program that does not answer has not held', async () => {
  const { run } = kernelOf(sound);
  const silent: RunAttempts = (level, attempts) =>
    level === 'kernel' ? Promise.reject(new Error('it died')) : run(level, attempts);
  const result = await runClass(attack, silent);
  assert.ok(differencesOf(result).includes('doors: it died (kernel)'));
  const report = reportLanguage({ language: 'python', version: '3', results: [result], missing: new Map() });
  assert.deepEqual(report.unanswered, ['doors (kernel): it died']);
  assert.equal(summarise([report]).proven, false);
});

test('a report: counts by layer, names what is not applicable, and is proven when all held', async () => {
  const results = [await runClass(attack, kernelOf(sound).run)];
  const report = reportLanguage({ language: 'python', version: '3.11.7', results, missing: new Map() });
  assert.deepEqual(report.notApplicable, ['doors: absent']);
  assert.equal(report.attempts, 3);
  const held = report.layers.map(({ layer, attempts, held: count }) => `${layer} ${count}/${attempts}`);
  assert.deepEqual(held, [
    'process 0/0',
    'capabilities 0/0',
    'landlock 1/1',
    'seccomp 1/1',
    'namespace 0/0',
    'kernel 2/2',
    'guarded 2/2',
  ]);
  assert.equal(summarise([report, skippedLanguage('node', 'not found')]).proven, true);
});

test('a report: a missing layer is named, not counted; nothing tried proves nothing', async () => {
  const { run } = kernelOf(sound);
  const missing = new Map([['landlock', 'no Landlock']] as const);
  const results = [await runClass(attack, run, ['seccomp', 'kernel', 'guarded'])];
  const layers = reportLanguage({ language: 'python', version: '3', results, missing }).layers;
  assert.deepEqual(
    layers.find(({ layer }) => layer === 'landlock'),
    { layer: 'landlock', missing: 'no Landlock', attempts: 0, held: 0, through: [] },
  );
  assert.equal(summarise([skippedLanguage('python', 'not found')]).proven, false);
});

test('the corpus: each class tells its own, and every row is stopped as functions run, or by the root they may ask for', () => {
  const names = functionClasses.map(({ name, variant }) => `${name} ${variant}`);
  assert.equal(new Set(names).size, names.length);
  for (const { name, rows } of functionClasses) {
    for (const [attempt, row] of Object.entries(rows)) {
      const stops = [row.kernel, row.guarded, row.namespace];
      assert.ok(
        stops.some((stop) => stop !== undefined),
        `${name}: ${attempt}`,
      );
    }
  }
});
