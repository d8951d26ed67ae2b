import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CliContext } from '../../../src/cli/cli-context.ts';
import type { ProveReport } from '../../../src/cli/gateway-module.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { inFolder, makeTerminal } from './terminal.ts';

const held = { missing: null, attempts: 2, held: 2, through: [] };
const sound: ProveReport = {
  proven: true,
  languages: [
    {
      language: 'node',
      version: '26.1.0',
      skipped: null,
      attempts: 3,
      notApplicable: ['files: read a disk'],
      layers: [
        { layer: 'process', ...held, attempts: 0, held: 0 },
        { layer: 'kernel', ...held },
      ],
      refused: [],
      unanswered: [],
    },
    {
      language: 'php',
      version: '',
      skipped: 'PHP not found',
      attempts: 0,
      notApplicable: [],
      layers: [],
      refused: [],
      unanswered: [],
    },
  ],
};

async function proving(report: ProveReport, environment: Record<string, string>, ...flags: string[]) {
  let printed = { status: -1, out: [] as string[], errors: [] as string[] };
  await inFolder(async (cwd) => {
    const terminal = makeTerminal({ cwd, environment });
    const module = { ...(await terminal.context.loadGateway()), proveSandbox: async () => report };
    const context: CliContext = { ...terminal.context, loadGateway: async () => module };
    const status = await runCommandLine(['prove', ...flags], context);
    printed = { status, out: terminal.out, errors: terminal.errors };
  });
  return printed;
}

test('prove: one table a language, layers without attempts left out, status 0', async () => {
  const { status, out } = await proving(sound, {});
  assert.equal(status, 0);
  assert.deepEqual(out, [
    'node 26.1.0: 3 attempts, 2 of which work on this host without a jail',
    'layer                  attempts  held',
    'all of these together  2         2',
    '',
    'php: skipped, PHP not found',
    '',
    'Everything held.',
  ]);
});

test('prove: what got through is named with its layer, a missing layer is said to be missing, status 1', async () => {
  const [node] = sound.languages;
  assert.ok(node !== undefined);
  const layers = [
    { ...held, layer: 'landlock' as const, missing: 'no Landlock', attempts: 0, held: 0 },
    { ...held, layer: 'kernel' as const, held: 1, through: ['files: read /etc/passwd'] },
  ];
  const bad = { ...node, layers, refused: ['network: datagram'], unanswered: ['proc (kernel): it died'] };
  const { status, out } = await proving({ proven: false, languages: [bad] }, {});
  assert.equal(status, 1);
  const text = out.join('\n');
  assert.match(text, /Landlock alone +missing +not enforced: no Landlock/);
  assert.match(text, /GOT THROUGH \(all of these together\): files: read \/etc\/passwd/);
  assert.match(text, /REFUSED TO HONEST FUNCTIONS: network: datagram/);
  assert.match(text, /NOT ANSWERED: proc \(kernel\): it died/);
  assert.match(text, /NOT everything held\.$/);
});

test('prove --json: the report itself', async () => {
  const { status, out } = await proving(sound, {}, '--json');
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(out.join('\n')), sound);
});

test('prove: says that what it proves is not in force where the jail is switched off', async () => {
  const { errors } = await proving(sound, { FN_STRICT_FS: '0' });
  assert.match(errors.join('\n'), /FN_STRICT_FS is off/);
});
