// A gateway with a certificate of its own (README, "Running it").
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestGateway } from './support/gateway.ts';
import { runProgram } from './support/started-program.ts';
import { echoTree } from './support/tree.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const fastfn = fileURLToPath(new URL('../../bin/fastfn', import.meta.url));
const pair = { FN_TLS_CERT_FILE: fixture('first-cert.pem'), FN_TLS_KEY_FILE: fixture('first-key.pem') };

test('tls: functions and probes are served over https', async () => {
  const gateway = await startTestGateway(echoTree('get.hello.js'), pair);
  try {
    assert.match(gateway.url, /^https:/);
    for (const path of ['/hello', '/_fn/health']) {
      const status = await new Promise((resolve, reject) => {
        get(`${gateway.url}${path}`, { rejectUnauthorized: false, agent: false }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode));
        }).on('error', reject);
      });
      assert.equal(status, 200, path);
    }
  } finally {
    await gateway.close();
  }
});

test('tls: a pair that cannot be used stops the start with its name and the reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-tls-'));
  try {
    writeFileSync(join(folder, 'get.x.js'), 'exports.handler = () => 1;\n');
    copyFileSync(fixture('second-key.pem'), join(folder, 'key.pem'));
    const rows: [Record<string, string>, RegExp][] = [
      [{ FN_TLS_CERT_FILE: pair.FN_TLS_CERT_FILE }, /FN_TLS_KEY_FILE.*other half/s],
      [{ ...pair, FN_TLS_CERT_FILE: join(folder, 'no.pem') }, /FN_TLS_CERT_FILE.*cannot be read/s],
      [{ ...pair, FN_TLS_KEY_FILE: join(folder, 'key.pem') }, /FN_TLS_CERT_FILE.*cannot be used together/s],
      [{ ...pair, FN_TLS_CERT_FILE: join(folder, 'get.x.js') }, /FN_TLS_CERT_FILE.*cannot be used together/s],
    ];
    for (const [env, expected] of rows) {
      const end = await runProgram(process.execPath, [fastfn, 'serve', folder, '--port', '0'], {
        env: { PATH: process.env.PATH, FN_SOCKET_BASE_DIR: join(folder, 'sockets'), ...env },
      });
      assert.equal(end.code, 2, end.stderr);
      assert.match(end.stderr, expected);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
