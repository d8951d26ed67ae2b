import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Option } from '../../../src/config/option.ts';
import {
  readBoolExact,
  readBoolOff,
  readBoolStrict,
  readCidrs,
  readHost,
  readInteger,
  readSecondsAsMs,
  readText,
  toList,
} from '../../../src/config/option-readers.ts';
import { allOptions } from '../../../src/config/options/all-options.ts';
import { controlOptions } from '../../../src/config/options/control-options.ts';
import { functionOptions } from '../../../src/config/options/function-options.ts';
import { limitOptions } from '../../../src/config/options/limit-options.ts';
import { runtimeOptions, socketOptions } from '../../../src/config/options/runtime-options.ts';
import { sandboxOptions } from '../../../src/config/options/sandbox-options.ts';
import { closedNetwork, describeNetwork, openNetwork } from '../../../src/policy/network-grants.ts';

const severities = <T>(option: Pick<Option<T>, 'read'>, raw: unknown) =>
  option.read(raw).problems.map(({ severity }) => severity);
const messages = <T>(option: Option<T>, raw: unknown) =>
  option.read(raw).problems.map((problem) => problem.message?.(option.env ?? '') ?? '');

test('bool-off: only the off words are off', () => {
  for (const word of ['0', 'false', 'off', 'no', 'OFF', ' No '])
    assert.equal(readBoolOff(word).value, false, word);
  for (const word of ['1', 'true', 'yes', 'banana']) assert.equal(readBoolOff(word).value, true, word);
  assert.equal(readBoolOff(false).value, false);
});

test('bool-strict: an unclear word leaves the default, with a warning', () => {
  assert.equal(readBoolStrict('YES').value, true);
  assert.equal(readBoolStrict('No').value, false);
  assert.equal(readBoolStrict('banana').value, undefined);
  assert.deepEqual(severities({ read: readBoolStrict }, 'banana'), ['warning']);
});

test('bool-exact: an unclear word is an error', () => {
  assert.deepEqual(severities({ read: readBoolExact }, 'banana'), ['error']);
  assert.equal(readBoolExact('on').value, true);
});

test('integers: whole numbers within bounds, as number or decimal text', () => {
  const read = readInteger({ min: 1, max: 10 });
  assert.equal(read(' 7 ').value, 7);
  assert.equal(read(7).value, 7);
  for (const bad of ['0', '11', '1.5', '0x5', '1e1', '', 'x', null, {}, true, Number.NaN]) {
    assert.equal(read(bad).value, undefined, String(bad));
  }
});

test('clamped integers: a number outside is moved to the bound with a warning, other text is an error', () => {
  const read = readInteger({ min: 1, max: 5, outside: 'clamp' });
  assert.equal(read('9').value, 5);
  assert.equal(read('0').value, 1);
  assert.deepEqual(severities({ read }, '9'), ['warning']);
  assert.deepEqual(severities({ read }, 'x'), ['error']);
});

test('seconds become whole milliseconds', () => {
  const read = readSecondsAsMs({ min: 0, max: 10 });
  assert.equal(read('0.25').value, 250);
  assert.equal(read(2).value, 2000);
  assert.equal(read('11').value, undefined);
});

test('text: no control characters, not longer than allowed', () => {
  assert.equal(readText(3)('abc').value, 'abc');
  assert.equal(readText(3)('abcd').value, undefined);
  assert.equal(readText(9)('a\nb').value, undefined);
  assert.equal(readText(9)('   ').value, undefined);
});

test('lists: comma text and arrays, trimmed, without blanks and repeats', () => {
  assert.deepEqual(toList(' a, b ,,a'), ['a', 'b']);
  assert.deepEqual(toList(['a ', 'b', '']), ['a', 'b']);
});

test('CIDR blocks: both families, every wrong one is named', () => {
  assert.deepEqual(readCidrs('10.0.0.0/8, ::1 ,fe80::/10').value, ['10.0.0.0/8', '::1', 'fe80::/10']);
  const wrong = readCidrs('10.0.0.0/33,300.1.1.1,10.0.0.0/8,::/129,1.2.3.4/');
  assert.equal(wrong.value, undefined);
  assert.deepEqual(
    wrong.problems.map(({ found }) => found),
    ['10.0.0.0/33', '300.1.1.1', '::/129', '1.2.3.4/'],
  );
});

test('hosts: addresses and names', () => {
  for (const good of ['127.0.0.1', '::', 'localhost', 'my-host.example'])
    assert.equal(readHost(good).value, good);
  for (const bad of ['300.1.1.1', 'a_b', '-a', 'http://x', 'a b', '1.2.3']) {
    assert.equal(readHost(bad).value, undefined, bad);
  }
});

test('FN_RUNTIMES: lower-cased, without repeats, unknown ones are ignored with a warning', () => {
  const option = runtimeOptions.runtimes;
  assert.deepEqual(option.read('Python, node,python').value, ['python', 'node']);
  assert.deepEqual(option.read('node,cobol').value, ['node']);
  assert.deepEqual(messages(option, 'node,cobol'), ['Ignoring unknown runtime in FN_RUNTIMES: cobol']);
  assert.deepEqual(messages(option, 'cobol').at(-1), 'no compatible runtimes enabled (FN_RUNTIMES="cobol")');
  assert.deepEqual(severities(option, 'cobol'), ['warning', 'error']);
});

test('FN_RUNTIME_DAEMONS: text and object give the same', () => {
  const option = runtimeOptions.runtimeDaemons;
  const expected = new Map([
    ['node', 3],
    ['python', 2],
  ]);
  assert.deepEqual(option.read('node=3, Python=2').value, expected);
  assert.deepEqual(option.read({ node: 3, python: 2 }).value, expected);
  assert.deepEqual(option.read({ node: 3, python: 2, php: 0, go: -1 }).value, expected);
});

test('FN_RUNTIME_DAEMONS: the texts of the contract', () => {
  const option = runtimeOptions.runtimeDaemons;
  const entry = (text: string) => `invalid FN_RUNTIME_DAEMONS entry "${text}" (expected runtime=count)`;
  assert.deepEqual(messages(option, 'node'), [entry('node')]);
  assert.deepEqual(messages(option, 'node=1=2,=3'), [entry('node=1=2'), entry('=3')]);
  assert.deepEqual(messages(option, 'node=0'), ['invalid daemon count for runtime node: "0"']);
  assert.deepEqual(messages(option, 'node=x'), ['invalid daemon count for runtime node: "x"']);
  assert.deepEqual(severities(option, 'lua=3,cobol=1'), ['warning', 'warning']);
  assert.deepEqual(option.read('lua=3,node=2').value, new Map([['node', 2]]));
});

test('FN_RUNTIME_SOCKETS: absolute paths with or without unix:, the first of several', () => {
  const option = runtimeOptions.runtimeSockets;
  const value = option.read('{"node":"unix:/run/n.sock","python":["/run/p.sock","/run/q.sock"]}').value;
  assert.deepEqual(
    [...(value ?? [])],
    [
      ['node', '/run/n.sock'],
      ['python', '/run/p.sock'],
    ],
  );
  assert.deepEqual(severities(option, '{"python":["/a","/b"],"cobol":"/c"}'), ['warning', 'warning']);
  for (const bad of [
    '{',
    '[]',
    '"x"',
    '{"node":"relative"}',
    '{"node":5}',
    `{"node":"/${'x'.repeat(103)}"}`,
  ]) {
    assert.deepEqual(severities(option, bad), ['error'], bad);
  }
});

test('a socket path of its own must be absolute and fit into a socket address', () => {
  assert.equal(socketOptions.node.read('unix:/run/n.sock').value, '/run/n.sock');
  assert.equal(socketOptions.node.read('n.sock').value, undefined);
  assert.equal(socketOptions.node.read(`/${'é'.repeat(60)}`).value, undefined);
});

test('FN_STRICT_FS_ALLOW: comma and colon separate, :ro is a suffix of the path before it', () => {
  const { read } = sandboxOptions.strictFsAllow;
  assert.deepEqual(read('/a:ro,/b:/c:rw, ,/d:ro').value, [
    { path: '/a', write: false },
    { path: '/b', write: true },
    { path: '/c', write: true },
    { path: '/d', write: false },
  ]);
  assert.deepEqual(read('ro:ro').value, [{ path: 'ro', write: false }]);
});

test('FN_STRICT_FS: 0, false, off and no switch it off, alike', () => {
  for (const word of ['0', 'false', 'off', 'no'])
    assert.equal(sandboxOptions.strictFs.read(word).value, false);
  assert.equal(sandboxOptions.strictFs.read('nope').value, true);
});

test('FN_SANDBOX_NETWORK: all, none or what is listed; anything unclear is an error', () => {
  const { read } = sandboxOptions.sandboxNetwork;
  const words = (raw: unknown) => describeNetwork(read(raw).value ?? openNetwork);
  assert.deepEqual(read('ALL').value, openNetwork);
  assert.deepEqual(read('none').value, closedNetwork);
  assert.equal(words('443, 80,UDP'), 'tcp 80, 443 and udp');
  assert.equal(words([443, '80']), 'tcp 80, 443');
  assert.equal(words('udp'), 'udp');
  assert.equal(words(443), 'tcp 443');
  for (const bad of ['', 'open', 'all,none', '443,none', '0', '65536', '4.3', '-1', '443;80', [], 'tcp']) {
    assert.deepEqual(severities({ read }, bad), ['error'], JSON.stringify(bad));
  }
});

test('the maxima of limits: whole numbers, within what can be set', () => {
  assert.equal(limitOptions.memoryBytes.env, 'FN_SANDBOX_MAX_MEMORY_MB');
  assert.equal(limitOptions.fileBytes.key, 'sandbox-max-file-size-mb');
  assert.equal(limitOptions.memoryBytes.read('1024').value, 1024);
  assert.equal(limitOptions.cpuMs.fallback, null);
  for (const bad of ['0', '8', '1.5', 'x']) {
    assert.deepEqual(severities(limitOptions.memoryBytes, bad), ['error'], bad);
  }
});

test('FN_HOT_RELOAD_INTERVAL: below one second means two', () => {
  assert.equal(functionOptions.hotReloadInterval.read('0.5').value, 2000);
  assert.equal(functionOptions.hotReloadInterval.read('3').value, 3000);
});

test('ignored folders are single names; others are dropped with a warning', () => {
  const outcome = functionOptions.ignoreDirs.read('dist,a/b,c\\d');
  assert.deepEqual(outcome.value, ['dist']);
  assert.equal(outcome.problems.length, 2);
});

test('a console rate limit of zero or less is off, without a warning', () => {
  assert.deepEqual(controlOptions.rateLimitMax.read('-1'), { value: 0, problems: [] });
  assert.equal(controlOptions.rateLimitMax.read('7').value, 7);
});

test('every option explains itself, and its own default or example is not refused', () => {
  for (const option of allOptions) {
    const name = option.env ?? option.key ?? '';
    assert.match(option.doc, /^[A-Z].*\.$/, name);
    assert.notEqual(option.accepted, '', name);
    if (typeof option.fallback === 'boolean')
      assert.deepEqual(option.read(String(option.fallback)).problems, [], name);
  }
});

test('no two options share a variable, key or flag', () => {
  for (const field of ['env', 'key', 'flag'] as const) {
    const names = allOptions.flatMap((option) => option[field] ?? []);
    assert.equal(new Set(names).size, names.length, field);
  }
});
