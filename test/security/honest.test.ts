// What honest functions do must go on working inside the jail, in both languages that need no build.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { missingOf } from '../../src/gateway/namespace-tier.ts';
import { nodePermissionFlags } from '../../src/sandbox/language-guard.ts';
import { loadSystemGrants } from '../../src/sandbox/system-grants.ts';
import {
  capabilities,
  type JailedRun,
  namespaceTier,
  nodeProgram,
  policyWith,
  python,
  runJailed,
  scratchFolder,
} from './jail-harness.ts';

const fixtures = fileURLToPath(new URL('./fixtures/honest', import.meta.url));
const noNamespace = missingOf(await namespaceTier.find());
const withoutNamespace = noNamespace === null ? false : `this host has no mount namespaces: ${noNamespace}`;
const cannotLaunch = capabilities.ffi ? false : 'needs Linux and node:ffi';

function makeCertificate(folder: string): boolean {
  try {
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject],
      {
        stdio: 'ignore',
      },
    );
    return true;
  } catch {
    return false;
  }
}

function parse(run: JailedRun): Record<string, string> {
  assert.equal(run.signal, null, run.stderr);
  assert.equal(run.code, 0, run.stderr);
  return JSON.parse(run.stdout) as Record<string, string>;
}

describe('honest functions in the jail', () => {
  const folder = scratchFolder();
  const withTls = makeCertificate(folder);
  let tlsPort = 0;
  const server = withTls
    ? createServer(
        { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) },
        (socket) => {
          socket.on('error', () => {});
          socket.once('data', () =>
            socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'),
          );
        },
      )
    : null;

  before(async () => {
    writeFileSync(
      join(folder, 'data.json'),
      JSON.stringify({ rows: Array.from({ length: 200_000 }, (_, i) => i) }),
    );
    if (server === null) return;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    tlsPort = typeof address === 'object' && address !== null ? address.port : 0;
  });

  after(async () => {
    if (server !== null) await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  const facts = () => JSON.stringify({ folder, tlsPort });
  const files = (read: readonly string[]) => ({
    read: [fixtures, join(folder, 'data.json'), join(folder, 'cert.pem'), ...read],
    list: [],
  });

  const checkAll = (results: Record<string, string>) => {
    const failed = Object.entries(results).filter(([, met]) => met !== 'ok');
    assert.deepEqual(failed, []);
    assert.ok(Object.keys(results).length >= 12);
  };

  const withNode = [
    ['', false, false],
    [', with its guard', true, false],
    [', with its guard in a minimal root', true, true],
  ] as const;
  for (const [how, guarded, namespace] of withNode) {
    const name = `node: data, temp files, TLS, DNS, time zones, threads, crypto, SQLite${how}`;
    test(name, { skip: namespace ? withoutNamespace : cannotLaunch, timeout: 60_000 }, async () => {
      const policy = policyWith({ namespace, files: files(nodeProgram.read) });
      const flags = guarded ? nodePermissionFlags(policy, loadSystemGrants()) : [];
      const args = [...flags, '--no-warnings', join(fixtures, 'honest.mjs'), facts()];
      checkAll(parse(await runJailed({ file: nodeProgram.file, args, policy })));
    });
  }

  const skipPython = cannotLaunch || (python === null ? 'this host has no python3' : false);
  for (const namespace of [false, true]) {
    const name = `python: data, temp files, TLS, DNS, time zones, threads, crypto, SQLite${namespace ? ' in a minimal root' : ''}`;
    const skip = skipPython || (namespace && withoutNamespace);
    test(name, { skip, timeout: 60_000 }, async () => {
      assert.ok(python !== null);
      const policy = policyWith({ namespace, files: files(python.read) });
      const args = ['-B', join(fixtures, 'honest.py'), facts()];
      checkAll(parse(await runJailed({ file: python.file, args, policy })));
    });
  }

  /** In a folder that the operator has granted, others see what is written. */
  test('a mode that hides a file from others is refused in a shared folder, one that does not is not', {
    skip: skipPython,
  }, async () => {
    assert.ok(python !== null);
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    const script = [
      'import json, os, sys',
      'def met(action):',
      '    try: action()',
      '    except OSError as error: return type(error).__name__',
      '    return "ok"',
      'path = sys.argv[1]',
      'open(path, "w").close()',
      'print(json.dumps({"open": met(lambda: os.chmod(path, 0o644)), "hidden": met(lambda: os.chmod(path, 0o600))}))',
    ].join('\n');
    const policy = policyWith({ files: { ...files(python.read), write: [shared] } });
    const args = ['-B', '-c', script, join(shared, 'file')];
    assert.deepEqual(parse(await runJailed({ file: python.file, args, policy })), {
      open: 'ok',
      hidden: 'PermissionError',
    });
  });

  test('the environment holds nothing of the gateway', { skip: cannotLaunch }, async () => {
    const args = ['-e', 'console.log(JSON.stringify(process.env))'];
    const env = parse(await runJailed({ file: nodeProgram.file, args, policy: policyWith({}) }));
    assert.deepEqual(Object.keys(env).sort(), ['HOME', 'LANG', 'PATH', 'TEMP', 'TMP', 'TMPDIR', 'TZ']);
  });
});
