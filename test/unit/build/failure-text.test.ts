import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BuildPlan } from '../../../src/build/build-plan.ts';
import { mask, stepFault } from '../../../src/build/failure-text.ts';

const masking = {
  maskPaths: (text: string) => text.replaceAll(/\/etc\/\w+/g, '<path>'),
  own: ['/state/work'],
};
const plan = (changes: Partial<BuildPlan>): BuildPlan => ({
  key: 'k',
  runtime: 'python',
  kind: 'dependencies',
  files: [],
  steps: [],
  output: { program: null, importPaths: [] },
  failureText: 'pip dependencies install failed for a',
  ...changes,
});
const rust = plan({ kind: 'program', failureText: 'rust build failed' });
const failed = { kind: 'failed', reason: 'exit status 1', stdout: [], stderr: [] } as const;

describe('the text of a build that failed', () => {
  test('is the last four lines of an installer, joined, with its hint', () => {
    const stderr = ['zero', 'one', '', '  two', 'three ', 'four'];
    const fault = stepFault(plan({ failureHint: 'Check it.' }), { ...failed, stderr }, 1000, masking);
    assert.equal(fault.text, 'pip dependencies install failed for a: one | two | three | four. Check it.');
    assert.deepEqual([fault.code, fault.stage], ['not_built', 'build']);
  });

  test('is what stands on standard output where the tool says nothing else, or how it ended', () => {
    const said = stepFault(plan({}), { ...failed, stdout: ['on stdout'] }, 1000, masking);
    assert.equal(said.text, 'pip dependencies install failed for a: on stdout');
    const silent = stepFault(plan({}), failed, 1000, masking);
    assert.equal(silent.text, 'pip dependencies install failed for a: exit status 1');
  });

  test('of a compiler is its end as whole lines, at most 1200 characters', () => {
    const stderr = Array.from({ length: 40 }, (_, index) => `error ${index} ${'x'.repeat(90)}`);
    const { text } = stepFault(rust, { ...failed, stderr }, 1000, masking);
    assert.match(text, /^rust build failed: error 28 x+\n/);
    assert.match(text, /error 39 x+$/);
    assert.ok(text.length <= 1200 + 'rust build failed: '.length);
  });

  test('names the time that passed, and the limit that was met', () => {
    const timeout = stepFault(rust, { kind: 'timeout', stdout: [], stderr: ['compiling'] }, 1000, masking);
    assert.equal(timeout.text, 'rust build timeout after 1.0s: compiling');
    const limit = { kind: 'limit', text: 'memory limit exceeded (64 MiB)', stdout: [], stderr: [] } as const;
    assert.match(
      stepFault(rust, limit, 1000, masking).text,
      /^rust build failed: memory limit exceeded \(64 MiB\)/,
    );
  });

  test('of a full disk is the host’s', () => {
    const stderr = ['cannot write: No space left on device'];
    assert.equal(stepFault(rust, { ...failed, stderr }, 1000, masking).stage, 'host');
  });

  test('holds no path of this host, no password of an index, no colours', () => {
    const text = 'in /state/work/src/a.rs, /etc/passwd, https://user:pass@host/simple \u001b[31mred\u001b[0m';
    assert.equal(mask(text, masking), 'in src/a.rs, <path>, https://<hidden>@host/simple red');
  });
});
