import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, logRingOf, silentLog } from '../../../src/log.ts';
import { LogRing } from '../../../src/logs/log-ring.ts';

function line(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ level: 30, time: 1_000, msg: 'x', ...fields })}\n`;
}

function ringOf(...lines: readonly Readonly<Record<string, unknown>>[]): LogRing {
  const ring = new LogRing();
  for (const fields of lines) ring.append(line(fields));
  return ring;
}

const numbers = (ring: LogRing, query: object = {}) =>
  ring.query({ limit: 100, ...query }).lines.map(({ fields }) => fields['n']);

test('log ring: the newest lines come back oldest first, whatever batches they came in', () => {
  const ring = ringOf({ n: 1 });
  ring.append(line({ n: 2 }) + line({ n: 3 }), 2);
  ring.append(line({ n: 4 }));
  assert.deepEqual(numbers(ring), [1, 2, 3, 4]);
  assert.deepEqual(numbers(ring, { limit: 3 }), [2, 3, 4]);
  const seqs = ring.query({ limit: 9 }).lines.map(({ seq }) => seq);
  assert.deepEqual(seqs, [1, 2, 3, 4]);
});

test('log ring: a reader goes on where it stopped, page by page, and misses nothing', () => {
  const ring = ringOf({ n: 1 });
  ring.append(line({ n: 2 }) + line({ n: 3 }) + line({ n: 4 }), 3);
  const first = ring.query({ after: 0, limit: 2 });
  assert.deepEqual(
    first.lines.map(({ fields }) => fields['n']),
    [1, 2],
  );
  const second = ring.query({ after: first.next, limit: 2 });
  assert.deepEqual(
    second.lines.map(({ fields }) => fields['n']),
    [3, 4],
  );
  const third = ring.query({ after: second.next, limit: 2 });
  assert.deepEqual({ ...third, lines: third.lines.length }, { lines: 0, next: 4, lost: 0 });
});

test('log ring: lines that do not match are passed over for good', () => {
  const ring = ringOf({ id: 'a' }, { id: 'b' }, { id: 'b' });
  const page = ring.query({ after: 0, limit: 5, requestId: 'a' });
  assert.equal(page.lines.length, 1);
  assert.equal(page.next, 3);
});

test('log ring: more lines than the bound push out the oldest, and a slow reader is told how many it lost', () => {
  const ring = new LogRing({ maxLines: 3 });
  for (let n = 1; n <= 10; n++) ring.append(line({ n }));
  assert.deepEqual(numbers(ring), [8, 9, 10]);
  assert.equal(ring.query({ after: 2, limit: 9 }).lost, 5);
});

test('log ring: more characters than the bound push out the oldest', () => {
  const ring = new LogRing({ maxChars: 1_000 });
  for (let n = 1; n <= 50; n++) ring.append(line({ n, pad: 'p'.repeat(100) }));
  assert.ok(numbers(ring).length < 10);
  assert.equal(numbers(ring).at(-1), 50);
});

test('log ring: each filter keeps what it names and nothing else', () => {
  const ring = ringOf(
    { n: 1, function: 'node/hello@default', stream: 'stdout', id: 'r1', time: 10 },
    { n: 2, function: 'node/hello@v2', stream: 'stderr', id: 'r2', time: 20, level: 50 },
    { n: 3, function: 'python/users/[id].py@default', msg: 'invocation', id: 'r3', time: 30 },
    { n: 4, msg: 'catalog hello', time: 40, level: 40 },
  );
  const kept = (query: object) => numbers(ring, query);
  assert.deepEqual(kept({ function: 'hello' }), [1, 2]);
  assert.deepEqual(kept({ function: 'hello@v2' }), [2]);
  assert.deepEqual(kept({ function: 'node/hello@default' }), [1]);
  assert.deepEqual(kept({ function: 'hell' }), []);
  assert.deepEqual(kept({ function: 'users/[id].py' }), [3]);
  assert.deepEqual(kept({ runtime: 'python' }), [3]);
  assert.deepEqual(kept({ version: 'v2' }), [2]);
  assert.deepEqual(kept({ stream: 'stderr' }), [2]);
  assert.deepEqual(kept({ level: 'warn' }), [2, 4]);
  assert.deepEqual(kept({ requestId: 'r3' }), [3]);
  assert.deepEqual(kept({ sinceMs: 30 }), [3, 4]);
  assert.deepEqual(kept({ file: 'access' }), [3]);
  assert.deepEqual(kept({ file: 'runtime' }), [1, 2]);
  assert.deepEqual(kept({ file: 'error' }), [2, 4]);
  assert.deepEqual(kept({ file: 'all', runtime: 'node', level: 'error' }), [2]);
});

test('log ring: what is no JSON object is no line', () => {
  const ring = new LogRing();
  ring.append('not json\n[1]\n{"cut":\n\n{"n":1}\n', 5);
  assert.deepEqual(numbers(ring), [1]);
});

test('log ring: listeners hear of new lines until they leave', () => {
  const ring = new LogRing();
  let heard = 0;
  const leave = ring.subscribe(() => {
    heard += 1;
  });
  ring.append(line({}));
  leave();
  ring.append(line({}));
  assert.equal(heard, 1);
});

test('log: what was logged a moment ago is in the ring before it is written', () => {
  const batches: string[] = [];
  const log = createLog({ level: 'info', format: 'json', out: { write: (batch) => batches.push(batch) } });
  log.info({ id: 'r1' }, 'one');
  log.debug('too little');
  log.child({ function: 'node/a@default' }).warn('two');
  assert.deepEqual(batches, []);
  const { lines } = logRingOf(log).query({ limit: 10 });
  assert.deepEqual(
    lines.map(({ fields }) => [fields['msg'], fields['function']]),
    [
      ['one', undefined],
      ['two', 'node/a@default'],
    ],
  );
  assert.equal(batches.length, 1);
  assert.deepEqual(logRingOf(silentLog).query({ limit: 1 }).lines, []);
});
