import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DomainNetwork } from '../../../src/cli/doctor/domain-network.ts';
import { domainChecks } from '../../../src/cli/doctor/domains.ts';
import type { Catalog } from '../../../src/cli/gateway-module.ts';
import { type FakeGateway, inFolder, makeTerminal } from './terminal.ts';

const conflicting: Partial<Catalog> = {
  routes: [
    {
      pattern: '/hello',
      methods: ['GET'],
      hosts: null,
      functionKey: 'node/get.hello.js@default',
      rank: 1,
      forced: false,
      source: 'get.hello.js',
    },
  ],
  conflicts: [
    {
      pattern: '/clash',
      methods: ['GET'],
      hosts: null,
      claimants: [
        { functionKey: 'node/a', source: 'get.clash.js' },
        { functionKey: 'python/a', source: 'get.clash.py' },
      ],
    },
  ],
  warnings: [{ code: 'too_deep', file: 'a/b', message: 'too deep' }],
};
const badTimeout = {
  file: 'x/fn.config.json',
  key: 'timeout_ms',
  found: '"abc"',
  accepted: 'a number > 0',
} as const;

const gateway = (catalog: Partial<Catalog> = {}): FakeGateway => ({ calls: [], catalog });
const quiet = { FN_RUNTIMES: 'node' };

test('routes prints a table, then conflicts and warnings', () =>
  inFolder(async (dir) => {
    const terminal = makeTerminal({ cwd: dir, environment: quiet, gateway: gateway(conflicting) });
    assert.equal(await terminal.run('routes'), 0);
    assert.match(terminal.out[1] ?? '', /^GET +\/hello +node\/get\.hello\.js@default +get\.hello\.js$/);
    assert.match(
      terminal.out.join('\n'),
      /Conflict: GET \/clash is claimed by get\.clash\.js, get\.clash\.py/,
    );
    assert.match(terminal.out.join('\n'), /Warning: a\/b: too deep/);
  }));

test('routes tells a conflict once, and what is only worth knowing last, as a note', () =>
  inFolder(async (dir) => {
    const warnings = [
      { code: 'private_file', file: 'a/core.js', message: 'private', level: 'info' },
      { code: 'route_conflict', file: 'get.clash.js', message: 'GET /clash answers 409' },
      { code: 'too_deep', file: 'a/b', message: 'too deep' },
    ] as const;
    const fake = gateway({ ...conflicting, warnings });
    const terminal = makeTerminal({ cwd: dir, environment: quiet, gateway: fake });
    await terminal.run('routes');
    const complaints = terminal.out.filter((line) => /^(Conflict|Warning|Error|Note):/.test(line));
    assert.deepEqual(complaints, [
      'Conflict: GET /clash is claimed by get.clash.js, get.clash.py (answers 409)',
      'Warning: a/b: too deep (too_deep)',
      'Note: a/core.js: private (private_file)',
    ]);
    const findings = (await doctor(dir, { fake })).report.checks.filter(
      ({ id }) => id === 'project.discovery',
    );
    assert.deepEqual(
      findings.map(({ message }) => message),
      ['0 functions, 1 routes, 1 conflicts', 'a/b: too deep'],
    );
  }));

test('routes --json is the same for programs', () =>
  inFolder(async (dir) => {
    const terminal = makeTerminal({ cwd: dir, environment: quiet, gateway: gateway(conflicting) });
    assert.equal(await terminal.run('routes', '--json'), 0);
    const json = JSON.parse(terminal.out.join('\n'));
    assert.equal(json.routes[0].route, '/hello');
    assert.equal(json.conflicts[0].claimants.length, 2);
  }));

test('a file name with an escape sequence does not reach the terminal', () =>
  inFolder(async (dir) => {
    const [route] = conflicting.routes ?? [];
    assert.ok(route);
    const bad = 'x\u001b[31m.js';
    const warnings = [{ code: 'too_deep', file: bad, message: 'm' }];
    const catalog = { routes: [{ ...route, source: bad }], warnings };
    const terminal = makeTerminal({ cwd: dir, environment: quiet, gateway: gateway(catalog) });
    await terminal.run('routes');
    assert.ok(!terminal.out.join('').includes('\u001b'));
  }));

test('check fails for an error in a function, with file, key, found and accepted', () =>
  inFolder(async (dir) => {
    const faulty = gateway({ faults: [{ ...badTimeout, severity: 'error' }] });
    const terminal = makeTerminal({ cwd: dir, environment: quiet, gateway: faulty });
    assert.equal(await terminal.run('check'), 1);
    const text = terminal.out.join('\n');
    for (const part of ['x/fn.config.json', 'timeout_ms', '"abc"', 'a number > 0'])
      assert.ok(text.includes(part), part);
  }));

test('check passes with warnings alone', () =>
  inFolder(async (dir) => {
    const warned = gateway({ faults: [{ ...badTimeout, severity: 'warning' }] });
    const terminal = makeTerminal({ cwd: dir, environment: { ...quiet, FN_NOPE: '1' }, gateway: warned });
    assert.equal(await terminal.run('check', '--json'), 0);
    const json = JSON.parse(terminal.out.join('\n'));
    assert.deepEqual([json.ok, json.errors, json.warnings], [true, 0, 2]);
  }));

test('check reports a bad fastfn.json and bad functions together', () =>
  inFolder(async (dir) => {
    writeFileSync(join(dir, 'fastfn.json'), '{"port": "x"}');
    const faulty = gateway({ faults: [{ ...badTimeout, severity: 'error' }] });
    const terminal = makeTerminal({ cwd: dir, environment: quiet, gateway: faulty });
    assert.equal(await terminal.run('check', '--json'), 1);
    const { errors, faults } = JSON.parse(terminal.out.join('\n'));
    assert.equal(errors, 2);
    for (const fault of faults) {
      for (const field of ['file', 'key', 'found', 'accepted', 'severity', 'message'])
        assert.equal(typeof fault[field], 'string', field);
    }
  }));

interface DoctorReport {
  readonly scope: string;
  readonly generated_at: string;
  readonly checks: readonly { readonly id: string; readonly status: string; readonly message: string }[];
  readonly summary: { readonly ok: number; readonly warn: number; readonly fail: number };
}

async function doctor(
  dir: string,
  options: { args?: string[]; environment?: object; fake?: FakeGateway } = {},
) {
  const environment = {
    ...quiet,
    FN_HOST_PORT: '0',
    FN_SOCKET_BASE_DIR: join(dir, 's'),
    ...options.environment,
  };
  const terminal = makeTerminal({ cwd: dir, environment, gateway: options.fake ?? gateway() });
  const status = await terminal.run('doctor', '--json', ...(options.args ?? []));
  const report: DoctorReport = JSON.parse(terminal.out.join('\n'));
  const statusOf = (id: string) => report.checks.find((check) => check.id === id)?.status;
  return { status, report, statusOf, errors: terminal.errors };
}

test('doctor --json has the shape of the contract and passes on a sound host', () =>
  inFolder(async (dir) => {
    const { status, report, statusOf } = await doctor(dir);
    assert.equal(status, 0);
    assert.equal(report.scope, 'general');
    assert.ok(!Number.isNaN(Date.parse(report.generated_at)));
    const { ok, warn, fail } = report.summary;
    assert.equal(ok + warn + fail, report.checks.length);
    assert.equal(fail, 0);
    for (const id of [
      'system.platform',
      'runtime.node',
      'sandbox.landlock',
      'sockets.dir',
      'project.functions_dir',
      'project.discovery',
      'project.port',
    ]) {
      assert.equal(statusOf(id), 'OK', id);
    }
    assert.equal(statusOf('sandbox.seccomp'), 'WARN');
    assert.equal(statusOf('project.config'), 'WARN');
    for (const id of [
      'runtime.python',
      'runtime.php',
      'runtime.cargo',
      'runtime.go',
      'runtime.npm',
      'runtime.composer',
    ]) {
      assert.ok(statusOf(id) !== undefined, id);
    }
  }));

test('doctor as text ends with a summary', () =>
  inFolder(async (dir) => {
    const terminal = makeTerminal({ cwd: dir, environment: quiet, gateway: gateway() });
    await terminal.run('doctor');
    assert.equal(terminal.out[0], 'FastFN Doctor (general)');
    assert.match(terminal.out.join('\n'), /^\[OK\] system\.platform: /m);
    assert.match(terminal.out.at(-1) ?? '', /^Summary: OK=\d+ WARN=\d+ FAIL=\d+$/);
  }));

test('doctor fails for invalid JSON, a bad port and a missing folder', () =>
  inFolder(async (dir) => {
    writeFileSync(join(dir, 'fastfn.json'), '{"functions-dir": "gone",');
    const broken = await doctor(dir);
    assert.equal(broken.status, 1);
    assert.equal(broken.statusOf('project.config'), 'FAIL');
    assert.match(broken.errors.join(), /doctor found 1 failing check\(s\)/);
    writeFileSync(join(dir, 'fastfn.json'), '{"functions-dir": "gone"}');
    const missing = await doctor(dir, { environment: { FN_HOST_PORT: '70000' } });
    assert.equal(missing.statusOf('project.functions_dir'), 'FAIL');
    assert.equal(missing.statusOf('project.discovery'), 'WARN');
    assert.equal(missing.statusOf('project.port'), 'FAIL');
    assert.equal(missing.status, 1);
  }));

test('doctor warns of conflicts, bad function configs and a busy port, and passes', () =>
  inFolder(async (dir) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const fake = gateway({ ...conflicting, faults: [{ ...badTimeout, severity: 'error' }] });
    const found = await doctor(dir, { environment: { FN_HOST_PORT: String(address.port) }, fake });
    await new Promise((resolve) => server.close(resolve));
    assert.equal(found.status, 0);
    for (const id of ['project.discovery', 'project.functions', 'project.port'])
      assert.equal(found.statusOf(id), 'WARN', id);
  }));

test('doctor fails when the scan fails', () =>
  inFolder(async (dir) => {
    const found = await doctor(dir, { fake: { calls: [], scanError: new Error('boom') } });
    assert.equal(found.statusOf('project.discovery'), 'FAIL');
  }));

test('doctor --fix creates a fastfn.json and never touches one', () =>
  inFolder(async (dir) => {
    const fixed = await doctor(dir, { args: ['--fix'] });
    assert.equal(fixed.statusOf('project.config.fix'), 'OK');
    assert.equal(fixed.statusOf('project.config'), 'OK');
    const path = join(dir, 'fastfn.json');
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { 'functions-dir': '.' });
    writeFileSync(path, '{"port": 1}');
    assert.equal((await doctor(dir, { args: ['--fix'] })).statusOf('project.config.fix'), undefined);
    assert.equal(readFileSync(path, 'utf8'), '{"port": 1}');
    assert.ok(existsSync(path));
  }));

test('doctor fails for a socket folder that is a link or a file', () =>
  inFolder(async (dir) => {
    writeFileSync(join(dir, 's'), '');
    assert.equal((await doctor(dir)).statusOf('sockets.dir'), 'FAIL');
  }));

test('a missing layer is a failure where the operator requires the jail', () =>
  inFolder(async (dir) => {
    const found = await doctor(dir, { environment: { FN_SANDBOX_REQUIRED: '1' } });
    assert.equal(found.statusOf('sandbox.seccomp'), 'FAIL');
    assert.equal(found.status, 1);
  }));

test('a missing minimal root is a failure where the operator requires one for all, else only said', () =>
  inFolder(async (dir) => {
    assert.equal((await doctor(dir)).statusOf('sandbox.namespace'), 'OK');
    const jailed = await doctor(dir, { environment: { FN_SANDBOX_REQUIRED: '1' } });
    assert.equal(jailed.statusOf('sandbox.namespace'), 'OK');
    const required = await doctor(dir, { environment: { FN_SANDBOX_NAMESPACE: 'required' } });
    assert.equal(required.statusOf('sandbox.namespace'), 'FAIL');
    assert.equal(required.status, 1);
  }));

const soundNetwork: DomainNetwork = {
  addresses: async (host) => (host === 'elsewhere.example' ? ['10.9.9.9'] : ['10.0.0.1']),
  certificateEnd: async () => new Date(Date.now() + 5 * 86_400_000),
  request: async (url) =>
    url.startsWith('https:')
      ? { status: 200, location: '' }
      : { status: 301, location: url.replace('http:', 'https:') },
};
const domainFlags = { domain: ['api.example.com'], enforceHttps: 'true' };

async function domainStatuses(flags: Parameters<typeof domainChecks>[1], network = soundNetwork) {
  const checks = await domainChecks(makeTerminal().context, flags, network);
  return Object.fromEntries(checks.map(({ id, status }) => [id, status]));
}

test('doctor domains: a sound domain, a certificate that ends soon, a target that differs', async () => {
  const same = await domainStatuses({ ...domainFlags, expectedTarget: '10.0.0.1' });
  assert.equal(same['dns.target'], 'OK');
  assert.equal(same['tls.expiry'], 'WARN');
  assert.equal(same['http.redirect'], 'OK');
  const other = await domainStatuses({ ...domainFlags, expectedTarget: 'elsewhere.example' });
  assert.equal(other['dns.target'], 'FAIL');
});

test('doctor domains: what cannot be reached fails by the table of the contract', async () => {
  const refuse = async () => Promise.reject(new Error('refused'));
  const dead = { addresses: refuse, certificateEnd: refuse, request: refuse };
  assert.deepEqual(await domainStatuses(domainFlags, dead), {
    'domain.format': 'OK',
    'dns.resolve': 'FAIL',
    'tls.handshake': 'FAIL',
    'https.reachability': 'FAIL',
    'http.redirect': 'FAIL',
    'acme.challenge': 'WARN',
  });
  assert.equal(
    (await domainStatuses({ ...domainFlags, enforceHttps: 'false' }, dead))['http.redirect'],
    'WARN',
  );
});

test('doctor domains: a bad name is asked nowhere; none at all is a usage fault', async () => {
  const terminal = makeTerminal();
  assert.equal(await terminal.run('doctor', 'domains', '--domain', 'a_b'), 1);
  assert.match(terminal.out.join('\n'), /\[FAIL\] a_b domain\.format/);
  assert.equal(await makeTerminal().run('doctor', 'domains'), 2);
});
