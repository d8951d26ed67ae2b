import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { faultText } from '../../../src/config/config-fault.ts';
import { readConfigFile } from '../../../src/config/config-file.ts';
import { keyedOptions } from '../../../src/config/key-names.ts';
import schema from '../../../src/config/schema/fastfn.schema.json' with { type: 'json' };

const read = (text: string | null, explicit?: string) =>
  readConfigFile({ explicit, cwd: '/p', readFile: (path) => (path.endsWith('.json') ? text : null) });
const texts = async (text: string) => (await read(text)).faults.map(faultText);

test('no file is no fault, unless it was asked for', async () => {
  assert.deepEqual((await read(null)).faults, []);
  assert.equal((await read(null)).path, null);
  assert.match(faultText((await read(null, 'my.json')).faults[0] ?? fail()), /my\.json.*no such file/);
});

test('a syntax error names file and line', async () => {
  const [fault] = (await read('{\n  "port": 80,\n  "host": oops\n}')).faults;
  assert.equal(fault?.line, 3);
  assert.equal(fault?.severity, 'error');
  assert.match(faultText(fault ?? fail()), /^cannot use fastfn\.json:3/);
});

test('a file that is no object, too large or unreadable is one error', async () => {
  assert.match((await texts('[1]')).join(), /a JSON object/);
  assert.match((await texts(`"${'x'.repeat(300_000)}"`)).join(), /at most/);
  const unreadable = await readConfigFile({
    explicit: undefined,
    cwd: '/p',
    readFile: () => {
      throw Object.assign(new Error('no'), { code: 'EACCES' });
    },
  });
  assert.match(unreadable.faults.map(faultText).join(), /EACCES/);
});

test('unknown keys are warnings with line and guess; $schema and docker are allowed', async () => {
  const file = await read('{"$schema": "x", "docker": true,\n"porrt": 1,\n"openapi": {"nope": 1}}');
  assert.deepEqual(
    file.faults.map(({ key, line, severity }) => [key, line, severity]),
    [
      ['porrt', 2, 'warning'],
      ['openapi.nope', 3, 'warning'],
    ],
  );
  assert.match(file.faults[0]?.found ?? '', /did you mean port\?/);
});

test('wrong types are errors with the spelling and line of the file', async () => {
  const file = await read(
    '{"hotReload": "yes",\n"runtime_daemons": {"node": 1,\n"python": "x"},\n"runtimes": [1]}',
  );
  assert.deepEqual(
    file.faults.map(({ key, line, severity }) => [key, line, severity]),
    [
      ['hotReload', 1, 'error'],
      ['runtime_daemons.python', 3, 'error'],
      ['runtimes.0', 4, 'error'],
    ],
  );
});

test('the same setting twice, by spelling or by key, is a warning', async () => {
  assert.match((await texts('{"force-url": true, "forceUrl": false}')).join(), /the same setting twice/);
  assert.match((await texts('{"port": 1, "port": 2}')).join(), /a repeated key/);
});

test('a fastfn.toml without effect is told of', async () => {
  const file = await readConfigFile({
    explicit: undefined,
    cwd: '/p',
    readFile: (path) => (path.endsWith('.toml') ? 'port = 1' : null),
  });
  assert.match(file.faults.map(faultText).join(), /fastfn\.toml/);
});

test('whatever the file holds, reading it ends in faults or entries, never in an exception', async () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .dictionary(fc.constantFrom('port', 'force', 'domains', '__proto__'), fc.jsonValue())
      .map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (text) => {
      const file = await read(text);
      assert.ok(file.entries instanceof Map);
    }),
    { numRuns: 200 },
  );
});

test('schema and options say the same, both ways', () => {
  const properties: Record<string, { description?: string }> = schema.properties;
  for (const { key, option } of keyedOptions) {
    assert.equal(properties[key]?.description, option.doc, key);
    assert.ok(
      !('default' in (properties[key] ?? {})) ||
        (properties[key] as { default: unknown }).default === option.fallback,
      key,
    );
  }
  const known = new Set(['$schema', 'docker', ...keyedOptions.map(({ key }) => key)]);
  assert.deepEqual(
    Object.keys(properties).filter((key) => !known.has(key)),
    [],
  );
});

function fail(): never {
  throw new Error('expected a fault');
}
