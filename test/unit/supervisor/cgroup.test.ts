import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import { defaultResourceLimits } from '../../../src/policy/sandbox-policy.ts';
import {
  type CgroupHost,
  findDelegatedCgroup,
  ownCgroup,
  unitCgroup,
  WorkerCgroups,
} from '../../../src/supervisor/cgroup.ts';

const unit = 'sys/fs/cgroup/system.slice/fastfn.service';
const usual: Record<string, string> = {
  'proc/self/cgroup': '0::/system.slice/fastfn.service\n',
  [`${unit}/cgroup.controllers`]: 'cpu io memory pids\n',
  [`${unit}/cgroup.subtree_control`]: '',
  [`${unit}/cgroup.procs`]: '41\n40\n',
};

/** A folder that looks like the host's root. Real cgroup files cannot be made, so writes are only recorded. */
function host(
  t: TestContext,
  files: Record<string, string> = usual,
  over: Partial<CgroupHost> = {},
): CgroupHost {
  const root = mkdtempSync(join(tmpdir(), 'fastfn-cgroup-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, pid: 41, parentPid: 40, isRoot: false, isMarkedDelegated: () => false, ...over };
}

function reasonOf(given: CgroupHost): string {
  const found = findDelegatedCgroup(given);
  return found.kind === 'unavailable' ? found.reason : found.path;
}

function open(given: CgroupHost): WorkerCgroups {
  const cgroups = WorkerCgroups.open(findDelegatedCgroup(given), given, silentLog);
  if (typeof cgroups === 'string') throw new Error(cgroups);
  return cgroups;
}

test('cgroup: only version 2 alone counts, and only a service', () => {
  assert.equal(ownCgroup('0::/system.slice/fastfn.service\n'), '/system.slice/fastfn.service');
  assert.equal(ownCgroup('9:name=systemd:/\n0::/x.service\n'), null);
  assert.equal(ownCgroup('4:memory:/x.service\n'), null);
  assert.equal(ownCgroup(''), null);
  assert.equal(unitCgroup('/system.slice/fastfn.service'), '/system.slice/fastfn.service');
  assert.equal(unitCgroup('/system.slice/fastfn.service/main'), '/system.slice/fastfn.service');
  for (const shared of ['/', '/user.slice/user-0.slice/session-3.scope', '/../x.service', '/a.service/b/c']) {
    assert.equal(unitCgroup(shared), null, shared);
  }
});

test('cgroup: says what is missing', (t) => {
  assert.match(reasonOf(host(t, {})), /cgroup v2/);
  assert.match(reasonOf(host(t, { ...usual, 'proc/self/cgroup': '0::/init.scope\n' })), /systemd service/);
  assert.match(
    reasonOf(host(t, { ...usual, [`${unit}/cgroup.controllers`]: 'cpu pids' })),
    /no memory controller/,
  );
  assert.match(reasonOf(host(t, usual, { isRoot: true })), /Delegate=yes/);
  const { [`${unit}/cgroup.subtree_control`]: _, ...readOnly } = usual;
  assert.match(reasonOf(host(t, readOnly)), /Delegate=yes/);
});

test('cgroup: root needs the mark of systemd, since it can write anywhere', (t) => {
  const asked: string[] = [];
  const given = host(t, usual, { isRoot: true, isMarkedDelegated: (path) => asked.push(path) > 0 });
  assert.equal(reasonOf(given), join(given.root, unit));
  assert.deepEqual(asked, [join(given.root, unit)]);
});

test('cgroup: the gateway moves to a leaf, then the controllers are turned on', (t) => {
  const given = host(t);
  open(given);
  assert.equal(readFileSync(join(given.root, unit, 'gateway/cgroup.procs'), 'utf8'), '40');
  assert.equal(readFileSync(join(given.root, unit, 'cgroup.subtree_control'), 'utf8'), '+memory +pids');
});

test('cgroup: a gateway that systemd put into a leaf stays there', (t) => {
  const given = host(t, { ...usual, 'proc/self/cgroup': '0::/system.slice/fastfn.service/main\n' });
  open(given);
  assert.equal(existsSync(join(given.root, unit, 'gateway')), false);
});

test('cgroup: a unit that others are in is left alone', (t) => {
  const given = host(t, { ...usual, [`${unit}/cgroup.procs`]: '41\n7\n' });
  assert.equal(
    WorkerCgroups.open(findDelegatedCgroup(given), given, silentLog),
    'other processes share the unit',
  );
  assert.equal(readFileSync(join(given.root, unit, 'cgroup.subtree_control'), 'utf8'), '');
});

test('cgroup: a worker gets its limits before it is put in', (t) => {
  const given = host(t);
  const cgroup = open(given).place('w-1', 99, { ...defaultResourceLimits, threads: 20 });
  const read = (name: string) => readFileSync(join(given.root, unit, 'w-1', name), 'utf8');
  assert.equal(read('memory.max'), String(512 * 1024 * 1024));
  assert.equal(read('memory.oom.group'), '1');
  assert.equal(read('pids.max'), '52');
  assert.equal(read('cgroup.procs'), '99');
  assert.equal(cgroup?.isOutOfMemory(), false);
  writeFileSync(join(given.root, unit, 'w-1/memory.events'), 'low 0\noom 1\noom_kill 1\noom_group_kill 1\n');
  assert.equal(cgroup?.isOutOfMemory(), true);
});

test('cgroup: a folder that is still in use is removed later', (t) => {
  const given = host(t);
  const cgroups = open(given);
  const path = join(given.root, unit, 'w-1');
  cgroups.place('w-1', 99, defaultResourceLimits)?.remove();
  assert.ok(existsSync(path), 'its files stand for a process that is not reaped');
  rmSync(path, { recursive: true });
  mkdirSync(path);
  cgroups.close();
  assert.equal(existsSync(path), false);
});

test('cgroup: a worker that cannot be placed runs without', { skip: noRefusal() }, (t) => {
  const given = host(t);
  const cgroups = open(given);
  chmodSync(join(given.root, unit), 0o500);
  assert.equal(cgroups.place('w-1', 99, defaultResourceLimits), null);
  chmodSync(join(given.root, unit), 0o700);
});

function noRefusal(): string | false {
  return process.geteuid?.() === 0 ? 'root is refused nothing by the mode of a folder' : false;
}
