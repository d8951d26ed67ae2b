import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AheadRow, PastBuilds } from '../../../src/cli/gateway-module.ts';
import { inFolder, makeTerminal, type Terminal } from './terminal.ts';

const done: readonly AheadRow[] = [
  { function: 'node/a@default', outcome: 'none', reason: null },
  { function: 'python/b@default', outcome: 'built', reason: null },
  { function: 'go/c@default', outcome: 'reused', reason: null },
];
const broken: AheadRow = {
  function: 'rust/d@default',
  outcome: 'failed',
  reason: 'rust build failed: one\u001b\ntwo',
};

async function running(rows: readonly AheadRow[], ...args: string[]): Promise<Terminal & { status: number }> {
  const fake = { calls: [], aheadRows: rows };
  let terminal = makeTerminal();
  let status = -1;
  await inFolder(async (dir) => {
    terminal = makeTerminal({ cwd: dir, environment: { FN_RUNTIMES: 'node' }, gateway: fake });
    status = await terminal.run('deps', ...args);
  });
  return { ...terminal, status };
}

test('deps: says of each function what was done', async () => {
  const { status, out } = await running(done);
  assert.equal(status, 0);
  assert.deepEqual(out, [
    'FUNCTION          DEPENDENCIES',
    'node/a@default    nothing to do',
    'python/b@default  done',
    'go/c@default      there already',
  ]);
});

test('deps: one that failed is told with its reason line by line, without control characters; status 1', async () => {
  const { status, out } = await running([...done, broken]);
  assert.equal(status, 1);
  assert.deepEqual(out.slice(-2), ['Error: rust/d@default: rust build failed: one?', 'two']);
});

test('deps --json: the rows, and whether all is well', async () => {
  const { status, out } = await running([broken], '--json');
  assert.equal(status, 1);
  assert.deepEqual(JSON.parse(out.join('\n')), { ok: false, functions: [broken] });
  assert.equal(JSON.parse((await running(done, '--json')).out.join('\n')).ok, true);
});

test('deps: a folder without functions is no failure', async () => {
  const { status, out } = await running([]);
  assert.deepEqual([status, out], [0, ['No functions']]);
});

test('doctor: a function that could not be built is a warning with its reason', () =>
  inFolder(async (dir) => {
    const pastBuilds: PastBuilds = new Map([
      ['node/a@default', { state: 'failed', reason: 'npm is missing' }],
      ['node/b@default', { state: 'built', reason: null }],
    ]);
    const environment = { FN_RUNTIMES: 'node', FN_HOST_PORT: '0' };
    const terminal = makeTerminal({ cwd: dir, environment, gateway: { calls: [], pastBuilds } });
    await terminal.run('doctor', '--json');
    const { checks } = JSON.parse(terminal.out.join('\n'));
    const found = checks.filter(({ id }: { id: string }) => id === 'project.dependencies');
    assert.deepEqual(found, [
      {
        id: 'project.dependencies',
        status: 'WARN',
        message: 'node/a@default: npm is missing',
        hint: 'fastfn deps tries again and says what is wrong',
      },
    ]);
  }));
