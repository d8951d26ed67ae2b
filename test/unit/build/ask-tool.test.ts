// Questions to programs of the host: bounded in time and output, and nothing of this process's environment goes along.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { askTool, lastLines } from '../../../src/build/ask-tool.ts';

const node = (code: string, input = '', timeoutMs = 10_000) =>
  askTool({ file: process.execPath, args: ['-e', code], input, timeoutMs });

describe('a question to a tool', () => {
  test('its input, its output, and an environment of its own', async () => {
    // Under a run that measures coverage Node adds a variable of its own to every child.
    const code = `process.stdin.on('data', (text) => console.log(String(text),
      Object.keys(process.env).filter((name) => name !== 'NODE_V8_COVERAGE').sort().join()))`;
    assert.deepEqual(await node(code, 'asked'), { ok: true, stdout: 'asked HOME,LANG,PATH\n' });
  });

  test('a failure says how it ended and what it said', async () => {
    const answer = await node("console.error('why'); process.exit(3)");
    assert.deepEqual(answer, { ok: false, reason: 'it ended with status 3', stderr: 'why\n' });
    const missing = await askTool({ file: '/nowhere/tool', args: [], timeoutMs: 1000 });
    assert.ok(!missing.ok);
    assert.equal(missing.reason, 'it cannot be run (ENOENT)');
  });

  test('one that does not end is ended, with what it started', async () => {
    const code =
      "const { spawn } = require('node:child_process'); spawn('sleep', ['60'], { stdio: 'inherit' }); setInterval(() => {}, 1000)";
    const answer = await node(code, '', 700);
    assert.ok(!answer.ok);
    // The inherited pipes are closed only when the grandchild is gone too.
    assert.equal(answer.reason, 'it did not end within 700 ms');
  });

  test('one that is cancelled is ended, also before it has begun', async () => {
    const forever = {
      file: process.execPath,
      args: ['-e', 'setInterval(() => {}, 1000)'],
      timeoutMs: 30_000,
    };
    const cancel = new AbortController();
    const answer = askTool({ ...forever, signal: cancel.signal });
    cancel.abort();
    for (const ended of [await answer, await askTool({ ...forever, signal: cancel.signal })])
      assert.deepEqual(ended, { ok: false, reason: 'it was cancelled', stderr: '' });
  });

  test('one that prints without end is ended', async () => {
    const answer = await node(
      "const text = 'x'.repeat(65536); for (;;) require('node:fs').writeSync(1, text)",
    );
    assert.ok(!answer.ok);
    assert.match(answer.reason, /^it printed more than \d+ bytes$/);
  });

  test('one that never reads a long input is no fault', async () => {
    assert.deepEqual(await node('process.exit(0)', 'x'.repeat(1_000_000)), { ok: true, stdout: '' });
  });
});

test('the last lines of a tool, joined as the contract shows them', () => {
  assert.equal(lastLines('a\n\n b \nc\nd\ne\n'), 'b | c | d | e');
});
