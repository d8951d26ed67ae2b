import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SecretFault, SecretStore, type SecretStoreOptions } from '../../../src/secrets/secret-store.ts';

const canary = 'CANARY-of-the-operator';

function place(t: TestContext, changes: Partial<SecretStoreOptions> = {}): SecretStoreOptions {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-secrets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let now = 1_000;
  return {
    path: join(folder, 'state', 'secrets.json'),
    keyFile: join(folder, 'state', 'secrets.key'),
    makeKey: true,
    now: () => (now += 1),
    ...changes,
  };
}

test('secret store: a value is there again after a restart, and on disk only sealed', async (t) => {
  const options = place(t);
  const store = await SecretStore.open(options);
  assert.equal(await store.set('API_KEY', canary), 'created');
  const again = await SecretStore.open(options);
  assert.equal(again.get('API_KEY')?.value, canary);
  const text = readFileSync(options.path, 'utf8');
  assert.equal(text.includes(canary), false);
  assert.equal(text.includes(Buffer.from(canary).toString('base64').slice(0, 12)), false);
  for (const path of [options.path, options.keyFile]) assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(options.path, '..')).mode & 0o066, 0);
});

test('secret store: each value is a version; the list tells names and times, never values', async (t) => {
  const store = await SecretStore.open(place(t));
  await store.set('A', canary);
  const before = store.get('A')?.stamp;
  assert.equal(await store.set('A', `${canary}2`), 'updated');
  assert.notEqual(store.get('A')?.stamp, before);
  const [info] = store.list();
  assert.deepEqual([info?.version, info?.created, info?.updated, info?.readable], [2, 1_001, 1_002, true]);
  assert.doesNotMatch(JSON.stringify(store.list()), /CANARY/);
});

test('secret store: the value before comes back as a version of its own; five are kept', async (t) => {
  const options = place(t);
  const store = await SecretStore.open(options);
  for (let n = 1; n <= 7; n++) await store.set('A', `value-${n}`);
  assert.equal(await store.rollBack('A'), 8);
  assert.equal(store.get('A')?.value, 'value-6');
  assert.equal(JSON.parse(readFileSync(options.path, 'utf8')).secrets.A.versions.length, 5);
  await store.set('B', 'only');
  await assert.rejects(store.rollBack('B'), SecretFault);
});

test('secret store: what is removed is gone from memory and from disk', async (t) => {
  const options = place(t);
  const store = await SecretStore.open(options);
  await store.set('A', 'value');
  assert.equal(await store.remove('A'), true);
  assert.equal(await store.remove('A'), false);
  assert.equal(store.get('A'), null);
  assert.deepEqual(JSON.parse(readFileSync(options.path, 'utf8')).secrets, {});
});

test('secret store: names and values that cannot be are refused and change nothing', async (t) => {
  const store = await SecretStore.open(place(t));
  for (const name of ['', '1A', 'a-b', 'a b', '../x', 'x'.repeat(129), '__proto__.x'])
    await assert.rejects(store.set(name, 'v'), SecretFault, name);
  for (const value of ['', 'a\0b', 'x'.repeat(65_537)])
    await assert.rejects(store.set('A', value), SecretFault);
  await store.set('__proto__', 'value');
  assert.equal(store.get('__proto__')?.value, 'value');
  assert.equal(store.get('constructor'), null);
});

test('secret store: a rotation seals all with a new key, and the old one opens nothing any more', async (t) => {
  const options = place(t);
  const store = await SecretStore.open(options);
  await store.set('A', 'one');
  await store.set('A', 'two');
  const [{ keyId } = { keyId: '' }] = store.list();
  const oldKeys = readFileSync(options.keyFile, 'utf8');
  const rotated = await store.rotate();
  assert.equal(rotated.madeKey, true);
  assert.notEqual(rotated.keyId, keyId);
  assert.equal((await SecretStore.open(options)).get('A')?.value, 'two');
  assert.equal(readFileSync(options.path, 'utf8').includes(keyId), false);
  writeFileSync(options.keyFile, oldKeys);
  const old = await SecretStore.open(options);
  assert.equal(old.get('A'), null);
  assert.equal(old.list()[0]?.readable, false);
  await assert.rejects(old.rotate(), /no key opens A/);
});

test('secret store: of a key file of the operator, the first line seals and the file is never written', async (t) => {
  const line = (byte: number) => Buffer.alloc(32, byte).toString('base64');
  const options = place(t, { makeKey: false });
  await assert.rejects((await SecretStore.open(options)).set('A', 'v'), /FN_SECRETS_KEY_FILE/);
  const write = (text: string) => writeFileSync(options.keyFile, text, { mode: 0o600 });
  write(`# keys\n${Buffer.alloc(32, 1).toString('hex')}\n`);
  await (await SecretStore.open(options)).set('A', 'value');
  const both = `${line(2)}\n${line(1)}\n`;
  write(both);
  const store = await SecretStore.open(options);
  assert.equal(store.get('A')?.value, 'value');
  assert.equal((await store.rotate()).madeKey, false);
  assert.equal(readFileSync(options.keyFile, 'utf8'), both);
  write(line(2));
  assert.equal((await SecretStore.open(options)).get('A')?.value, 'value');
});

test('secret store: a key file that others can read, a link, or no key is not used', async (t) => {
  const options = place(t);
  await (await SecretStore.open(options)).set('A', 'value');
  const key = readFileSync(options.keyFile);
  chmodSync(options.keyFile, 0o640);
  await assert.rejects(SecretStore.open(options), /mode 0600/);
  rmSync(options.keyFile);
  writeFileSync(`${options.keyFile}.real`, key, { mode: 0o600 });
  symlinkSync(`${options.keyFile}.real`, options.keyFile);
  await assert.rejects(SecretStore.open(options), /cannot use the key file/);
  rmSync(options.keyFile);
  linkSync(`${options.keyFile}.real`, options.keyFile);
  await assert.rejects(SecretStore.open(options), /second name/);
  rmSync(options.keyFile);
  writeFileSync(options.keyFile, 'CANARY-no-key', { mode: 0o600 });
  await assert.rejects(SecretStore.open(options), (error: Error) => !error.message.includes('CANARY'));
});

test('secret store: a value cannot be put under another name, nor an old one in the place of the new', async (t) => {
  const options = place(t);
  const store = await SecretStore.open(options);
  await store.set('A', 'a1');
  await store.set('A', 'a2');
  await store.set('B', 'b1');
  const document = JSON.parse(readFileSync(options.path, 'utf8'));
  const { A, B } = document.secrets;
  const [newest, oldest] = A.versions;
  B.versions = [{ ...newest }];
  A.versions = [{ ...oldest, version: newest.version }];
  writeFileSync(options.path, JSON.stringify(document));
  const moved = await SecretStore.open(options);
  assert.equal(moved.get('A'), null);
  assert.equal(moved.get('B'), null);
});

test('secret store: a damaged file is not taken for an empty one', async (t) => {
  const options = place(t);
  const store = await SecretStore.open(options);
  await store.set('A', 'value');
  for (const text of [
    '{',
    '[]',
    '{"format":2}',
    '{"format":1,"secrets":{"A":{"created":1,"versions":[]}}}',
  ]) {
    writeFileSync(options.path, text);
    await assert.rejects(SecretStore.open(options), Error, text);
    await assert.rejects(store.set('B', 'v'), Error, text);
  }
  await assert.rejects(store.refresh(), Error);
  assert.equal(store.get('A')?.value, 'value');
});

test('secret store: two writers lose nothing, and each hears of the other', async (t) => {
  const options = place(t);
  const one = await SecretStore.open(options);
  await one.set('K', 'v');
  const two = await SecretStore.open(options);
  let heard = 0;
  one.whenChanged(() => {
    heard += 1;
  });
  await Promise.all(
    Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? one : two).set(`NAME_${n}`, `value-${n}`)),
  );
  await one.refresh();
  await two.refresh();
  assert.equal(one.list().length, 13);
  assert.equal(two.list().length, 13);
  assert.ok(heard > 0);
});

test('secret store: a lock that a dead process has left is taken over', async (t) => {
  const options = place(t);
  const store = await SecretStore.open(options);
  await store.set('A', 'value');
  writeFileSync(`${options.path}.lock`, '999999999');
  assert.equal(await store.set('A', 'next'), 'updated');
});
