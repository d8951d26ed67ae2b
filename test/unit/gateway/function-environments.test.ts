import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FunctionUnit } from '../../../src/discovery/catalog.ts';
import { FunctionEnvironments } from '../../../src/gateway/function-environments.ts';
import { SecretStore } from '../../../src/secrets/secret-store.ts';
import { functionUnit } from '../../fakes/function-unit.ts';
import { recordingLog } from '../../integration/support/recording-log.ts';

async function setUp(t: TestContext, env: object | null, unit: Partial<FunctionUnit> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-environments-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const allowed = join(folder, 'allowed');
  mkdirSync(allowed);
  const keyFile = join(allowed, 'secrets.key');
  const path = join(folder, 'secrets.json');
  const store = await SecretStore.open({ path, keyFile, makeKey: true, now: () => 1 });
  const recording = recordingLog();
  const config = { keyFile, makeKey: true, fileRoots: [allowed] };
  const environments = new FunctionEnvironments({ config, store, log: recording.log });
  const envFile = join(folder, 'fn.env.json');
  if (env !== null) writeFileSync(envFile, JSON.stringify(env).replaceAll('ALLOWED', allowed));
  const subject = functionUnit({}, { envFile: env === null ? null : envFile, ...unit });
  return {
    allowed,
    store,
    recording,
    of: (changes: Partial<FunctionUnit> = {}) => environments.of({ ...subject, ...changes }),
  };
}

test('function environments: nothing asked for, nothing given', async (t) => {
  const { store, of } = await setUp(t, null);
  await store.set('API_KEY', 'stored-value');
  assert.deepEqual(of(), { env: {}, eventSecrets: null, secrets: [], stamp: '' });
});

test('function environments: a variable of the file keeps its own value; the event has the store’s', async (t) => {
  const env = { API_KEY: { value: 'own-value', is_secret: true } };
  const { store, of } = await setUp(t, env, { secrets: ['API_KEY'] });
  await store.set('API_KEY', 'stored-value');
  const { env: variables, eventSecrets, secrets } = of();
  assert.deepEqual([variables, eventSecrets], [{ API_KEY: 'own-value' }, { API_KEY: 'stored-value' }]);
  assert.deepEqual([...secrets].sort(), ['own-value', 'stored-value']);
});

test('function environments: the stamp changes with a value that is used, and with no other', async (t) => {
  const { store, of } = await setUp(t, { A: { secret: 'USED' } });
  await store.set('USED', 'first-value');
  const { stamp } = of();
  await store.set('OTHER', 'some-value');
  assert.equal(of().stamp, stamp);
  await store.set('USED', 'next-value');
  assert.notEqual(of().stamp, stamp);
});

test('function environments: a mounted file is read again when it changes, and the key file never', async (t) => {
  const env = { A: { value_file: 'ALLOWED/value' }, KEY: { value_file: 'ALLOWED/secrets.key' } };
  const { allowed, store, recording, of } = await setUp(t, env);
  await store.set('ANY', 'makes-the-key-file');
  writeFileSync(join(allowed, 'value'), 'mounted-1\n');
  const first = of();
  assert.deepEqual(first.env, { A: 'mounted-1' });
  writeFileSync(join(allowed, 'value'), 'mounted-2\n');
  utimesSync(join(allowed, 'value'), 5, 5);
  assert.deepEqual(of().env, { A: 'mounted-2' });
  assert.notEqual(of().stamp, first.stamp);
  assert.equal(recording.saying('KEY: FN_SECRETS_FILE_ROOTS does not allow').length, 1);
});

test('function environments: what is missing or too short to be masked is told once, without a value', async (t) => {
  const env = { B: { secret: 'GONE' }, C: { value_file: 'ALLOWED/none' }, D_TOKEN: 'abc' };
  const { recording, of } = await setUp(t, env, { secrets: ['NONE'] });
  of();
  of();
  assert.equal(recording.lines.length, 1);
  const [line] = recording.lines;
  for (const part of [
    'there is no secret NONE',
    'B: there is no secret GONE',
    'C: its value_file cannot be read',
    'masked in logs and answers: D_TOKEN',
  ])
    assert.ok(line?.msg.includes(part), `${part} in ${line?.msg}`);
  assert.equal(line?.msg.includes('abc'), false);
});
