import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { missingOf, type NamespaceSearch, NamespaceTier } from '../../../src/gateway/namespace-tier.ts';
import { probeCapabilities } from '../../../src/sandbox/capabilities.ts';
import { loadSystemGrants } from '../../../src/sandbox/system-grants.ts';

const capabilities = probeCapabilities();
const tempParent = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-tier-')));
after(() => rmSync(tempParent, { recursive: true, force: true }));
const node = realpathSync(process.execPath);

function tierWith(changes: Partial<NamespaceSearch>, script = 'process.exit(3)'): NamespaceTier {
  return new NamespaceTier({
    config: { workerUser: null },
    capabilities,
    programs: {
      launcher: { file: node, args: ['-e', script] },
      idle: { file: node, args: ['--version'], readable: [node] },
    },
    system: loadSystemGrants(),
    tempParent,
    ...changes,
  });
}

test('namespace tier: nobody has looked before somebody asks, and then it is tried once', async () => {
  const tier = tierWith({});
  assert.equal(tier.found, null);
  assert.equal(missingOf(tier.found), null);
  const [first, second] = await Promise.all([tier.find(), tier.find()]);
  assert.equal(first, second);
  assert.equal(tier.found, first);
});

test('namespace tier: a try that fails is said in words, without paths, and leaves nothing', async () => {
  const tier = tierWith(
    {},
    `process.stderr.write('unshare: cannot open /proc/self/uid_map: Operation not permitted\\n'); process.exit(1)`,
  );
  const missing = missingOf(await tier.find()) ?? '';
  assert.match(missing, /unshare/);
  assert.doesNotMatch(missing, /\/proc/);
  assert.deepEqual(readdirSync(tempParent), []);
});

test('namespace tier: what the launcher says of its failed step is the reason', async () => {
  const line = JSON.stringify({
    launcher: 'failed',
    step: 'namespace',
    message: 'cannot pivot_root: EPERM',
  });
  const tier = tierWith({}, `process.stderr.write(${JSON.stringify(`${line}\n`)}); process.exit(80)`);
  const missing = missingOf(await tier.find()) ?? '';
  if (process.geteuid?.() === 0 && capabilities.ffi)
    assert.match(missing, /^cannot pivot_root: EPERM; [^;]*$/);
  else assert.notEqual(missing, '');
});

test('namespace tier: an old kernel, or one without system calls of ours, is not tried', async () => {
  const old = tierWith({ capabilities: { ...capabilities, ffi: true, mountApi: false } });
  assert.match(missingOf(await old.find()) ?? '', /too old.*5\.12/);
  const bare = tierWith({ capabilities: { ...capabilities, ffi: false } });
  assert.match(missingOf(await bare.find()) ?? '', /node:ffi/);
});
