import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../src/log.ts';
import { type InvocationFacts, InvocationLines } from '../../../src/logs/invocation-lines.ts';

const facts: InvocationFacts = { id: 'req-1', worker: 'w-1', status: 200, latencyMs: 1.23456, trace: null };

/** The lines that `write` made of each of these, as pino's own for comparison begin. */
function written(level: string, ...each: InvocationFacts[]): Record<string, unknown>[] {
  let text = '';
  const log = createLog({ level, format: 'json', out: { write: (batch) => (text += batch) } });
  const child = log.child({ function: 'node/x@"odd"', version: 'v1' });
  const lines = new InvocationLines(child);
  for (const one of each) lines.write(one);
  child.warn({ id: 'req-9' }, 'other');
  log.flush();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('invocation lines: they look like those that pino writes beside them', () => {
  const [line, other] = written('info', facts);
  const { time, ...rest } = line ?? {};
  assert.deepEqual(rest, {
    level: 30,
    function: 'node/x@"odd"',
    version: 'v1',
    id: 'req-1',
    worker: 'w-1',
    status: 200,
    latency_ms: 1.235,
    msg: 'invocation',
  });
  assert.ok(Math.abs(Number(time) - Date.now()) < 60_000);
  const order = Object.keys(line ?? {});
  assert.deepEqual(order.slice(0, 5), Object.keys(other ?? {}).slice(0, 5));
  assert.equal(order.at(-1), Object.keys(other ?? {}).at(-1));
});

test('invocation lines: without a worker there is none named; a trace is', () => {
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const [alone, traced] = written('info', { ...facts, worker: null }, { ...facts, trace });
  assert.equal('worker' in (alone ?? {}), false);
  assert.deepEqual([traced?.['trace_id'], traced?.['span_id']], [trace.traceId, trace.spanId]);
});

test('invocation lines: a level above info keeps them out', () => {
  assert.deepEqual(
    written('warn', facts).map(({ msg }) => msg),
    ['other'],
  );
});

test('invocation lines: no id breaks out of its line', () => {
  const [line] = written('info', { ...facts, id: 'a"\n{"msg":"forged"}' });
  assert.equal(line?.['id'], 'a"\n{"msg":"forged"}');
});
