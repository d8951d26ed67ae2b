import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTraceContext, traceparentOf } from '../../../src/tracing/trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const good = `00-${traceId}-${spanId}-01`;

test('trace context: a good one is read and written back as it was', () => {
  const context = readTraceContext(good, 'congo=t61rcWkgMzE, rojo=00f067aa0ba902b7');
  assert.deepEqual(context, {
    traceId,
    spanId,
    sampled: true,
    tracestate: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
  });
  assert.ok(context !== null);
  assert.equal(traceparentOf(context), good);
  assert.equal(readTraceContext(`00-${traceId}-${spanId}-00`, undefined)?.sampled, false);
});

test('trace context: a later version may say more, which is not handed on', () => {
  const context = readTraceContext(`01-${traceId}-${spanId}-03-what-comes`, undefined);
  assert.equal(context === null ? null : traceparentOf(context), good);
});

test('trace context: what is not exactly right counts as not sent', () => {
  const bad = [
    '',
    'x',
    good.toUpperCase(),
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId.slice(1)}-${spanId}-01`,
    ` ${good}`,
    `${good}, ${good}`,
    `01-${traceId}-${spanId}-01-${'x'.repeat(300)}`,
  ];
  for (const text of bad) assert.equal(readTraceContext(text, undefined), null, text);
  assert.equal(readTraceContext([good, good], undefined), null);
  assert.equal(readTraceContext(undefined, 'a=b'), null);
});

test('trace context: a tracestate that cannot be read goes alone, the rest stays', () => {
  const state = (text: string | string[]) => readTraceContext(good, text)?.tracestate;
  assert.equal(state(['a=1', 'b=2']), 'a=1,b=2');
  assert.equal(state('tenant@vendor=x'), 'tenant@vendor=x');
  for (const bad of ['a', 'A=1', 'a=1,a=2', 'a=\u00e4', 'a=', ',,', `a=${'x'.repeat(600)}`])
    assert.equal(state(bad), null, bad);
  assert.equal(state(Array.from({ length: 33 }, (_, n) => `k${n}=v`)), null);
});
