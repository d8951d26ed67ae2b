// What package tools learn of the gateway's own environment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registryEnvironmentOf } from '../../../src/config/registry-environment.ts';

test('registries, proxies and certificates pass, in the case they were given; nothing else does', () => {
  const passed = {
    PIP_INDEX_URL: 'a',
    npm_config_registry: 'b',
    https_proxy: 'c',
    SSL_CERT_FILE: 'd',
    GOPROXY: 'e',
  };
  const kept = {
    FN_ADMIN_TOKEN: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    PIP_TARGET: 'x',
    npm_config_ignore_scripts: 'false',
    NODE_OPTIONS: 'x',
  };
  assert.deepEqual(registryEnvironmentOf({ ...passed, ...kept, PIP_PROXY: '' }), passed);
});
