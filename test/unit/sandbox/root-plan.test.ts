import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultResourceLimits, type FileGrants } from '../../../src/policy/sandbox-policy.ts';
import { planRoot } from '../../../src/sandbox/root-plan.ts';
import type { SystemGrants } from '../../../src/sandbox/system-grants.ts';

const system: SystemGrants = {
  read: ['/usr/lib', '/etc/hosts'],
  devices: ['/dev/null'],
  execute: ['/usr/lib/x86_64/ld.so'],
  passages: ['/etc/alternatives'],
  links: [
    { path: '/lib', target: 'usr/lib' },
    { path: '/usr/lib/inner', target: 'other' },
  ],
};

const planWith = (files: Partial<FileGrants>) =>
  planRoot({
    way: 'mount',
    policy: {
      strict: true,
      files: { read: [], list: [], write: [], execute: [], ...files },
      network: { outboundTcp: 'none', udp: false },
      limits: defaultResourceLimits,
    },
    system,
    file: '/usr/bin/node',
    tempDir: '/tmp/w1',
  });

const pathsOf = (plan: ReturnType<typeof planRoot>) => plan.mounts.map(({ path }) => path);

test('root plan: what is granted is mounted, and nothing else', () => {
  const plan = planWith({ read: ['/fn/a.js'] });
  assert.deepEqual(
    new Set(pathsOf(plan)),
    new Set([
      '/usr/lib',
      '/etc/hosts',
      '/dev/null',
      '/etc/alternatives',
      '/fn/a.js',
      '/usr/bin/node',
      '/tmp/w1',
    ]),
  );
});

test('root plan: only the private folder, devices and granted folders are writable', () => {
  const plan = planWith({ read: ['/fn'], write: ['/data'] });
  const writable = plan.mounts.filter(({ write }) => write).map(({ path }) => path);
  assert.deepEqual(new Set(writable), new Set(['/dev/null', '/data', '/tmp/w1']));
});

test('root plan: a folder comes before what is mounted in it', () => {
  const paths = pathsOf(planWith({ read: ['/srv'], write: ['/srv/data/own', '/srv/data'] }));
  assert.ok(paths.indexOf('/srv') < paths.indexOf('/srv/data'));
  // The writable folder shows it already.
  assert.ok(!paths.includes('/srv/data/own'));
});

test('root plan: what a mounted folder shows is not mounted again, unless it is writable there alone', () => {
  const paths = pathsOf(planWith({ read: ['/srv', '/srv/a', '/srv/a/b.js', '/srvx'], write: ['/srv/w'] }));
  assert.deepEqual(paths.filter((path) => path.startsWith('/srv')).sort(), ['/srv', '/srv/w', '/srvx']);
});

test('root plan: one path that is granted to read and to write is mounted once, writable', () => {
  const { mounts } = planWith({ read: ['/data'], write: ['/data'] });
  assert.deepEqual(
    mounts.filter(({ path }) => path === '/data'),
    [{ path: '/data', write: true, required: false }],
  );
});

test('root plan: program and private folder must be there', () => {
  const { mounts } = planWith({ execute: ['/usr/bin/node'] });
  const required = mounts.filter((mount) => mount.required).map(({ path }) => path);
  assert.deepEqual(new Set(required), new Set(['/usr/bin/node', '/tmp/w1']));
});

test('root plan: a folder that may only be listed is made anew, with what is granted in it', () => {
  const plan = planWith({ read: ['/fn/a.js'], list: ['/fn', '/usr/lib/listed'] });
  assert.deepEqual(plan.folders, ['/fn']);
  assert.ok(!pathsOf(plan).includes('/fn'));
});

test('root plan: links of the system are made where no mounted folder has them', () => {
  assert.deepEqual(planWith({}).links, [{ path: '/lib', target: 'usr/lib' }]);
});
