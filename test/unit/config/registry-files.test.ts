import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registryFilesOf } from '../../../src/config/registry-files.ts';

const filesWhere = (environment: Record<string, string>, ...there: string[]) =>
  registryFilesOf(environment, (path) => there.includes(path));

test('registry files: found in the operator’s home, and given the place where the tool looks', () => {
  assert.deepEqual(
    filesWhere({ HOME: '/home/op' }, '/home/op/.npmrc', '/home/op/.cargo/config.toml', '/home/op/.ssh/id'),
    [
      { path: '/home/op/.npmrc', home: '.npmrc' },
      { path: '/home/op/.cargo/config.toml', home: '.cargo/config.toml' },
    ],
  );
});

test('registry files: a variable that names one wins over the usual place', () => {
  const environment = { HOME: '/home/op', PIP_CONFIG_FILE: '/srv/pip.conf', XDG_CONFIG_HOME: '/cfg' };
  assert.deepEqual(filesWhere(environment, '/srv/pip.conf', '/cfg/pip/pip.conf', '/cfg/go/env'), [
    { path: '/srv/pip.conf', home: '.config/pip/pip.conf' },
    { path: '/cfg/go/env', home: '.config/go/env' },
  ]);
});

test('registry files: nothing without a home, no relative path, none that is missing', () => {
  assert.deepEqual(filesWhere({}, '/.npmrc'), []);
  assert.deepEqual(filesWhere({ PIP_CONFIG_FILE: 'pip.conf' }, 'pip.conf'), []);
  assert.deepEqual(filesWhere({ HOME: '/home/op' }), []);
});
