import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import {
  defaultOutputLimits,
  type OutputLimits,
  WorkerOutput,
} from '../../../src/supervisor/worker-output.ts';
import { FakeClock } from '../../fakes/clock.ts';

function create(over: Partial<OutputLimits> = {}) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const dropped: number[] = [];
  const output = new WorkerOutput(
    clock,
    { line: (stream, text) => lines.push(`${stream} ${text}`), dropped: (bytes) => dropped.push(bytes) },
    { ...defaultOutputLimits, ...over },
  );
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  output.attach('stdout', stdout);
  output.attach('stderr', stderr);
  return { clock, lines, dropped, output, stdout, stderr };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('worker output: lines come whole, however they were written, and the last one without its end too', async () => {
  const { lines, stdout, stderr } = create();
  stdout.write('one\ntw');
  stderr.write('err\n');
  stdout.write('o\n\nthr');
  stdout.end('ee');
  await turn();
  assert.deepEqual(lines, ['stdout one', 'stderr err', 'stdout two', 'stdout three']);
});

test('worker output: a character cut between two reads is put together', async () => {
  const { lines, stdout } = create();
  const bytes = Buffer.from('é✓\n');
  for (const byte of bytes) stdout.write(Buffer.from([byte]));
  await turn();
  assert.deepEqual(lines, ['stdout é✓']);
});

test('worker output: an endless line is cut, and its memory is bounded', async () => {
  const { lines, stdout, dropped, clock } = create({ maxLineBytes: 10 });
  for (let n = 0; n < 100; n += 1) stdout.write('x'.repeat(1_000));
  stdout.write('\nnext\n');
  await turn();
  assert.deepEqual(lines, ['stdout xxxxxxxxxx', 'stdout next']);
  clock.advance(1_000);
  assert.deepEqual(dropped, [99_990]);
});

test('worker output: lines and bytes per second have a maximum, and the rest is counted', async () => {
  const { lines, stdout, dropped, clock } = create({ maxLines: 3, maxLoggedBytes: 100 });
  stdout.write('a\nb\nc\nd\ne\n');
  await turn();
  assert.equal(lines.length, 3);
  clock.advance(1_000);
  assert.deepEqual(dropped, [2]);
  stdout.write(`${'f'.repeat(90)}\n${'g'.repeat(90)}\n`);
  await turn();
  assert.equal(lines.length, 4);
  clock.advance(1_000);
  assert.deepEqual(dropped, [2, 90]);
  assert.equal(clock.pending, 0);
});

test('worker output: a flood is paused until the second is over, then read on', async () => {
  const { stdout, clock, lines } = create({ maxReadBytes: 100 });
  stdout.write(`${'a'.repeat(200)}\n`);
  await turn();
  stdout.write('later\n');
  await turn();
  assert.equal(lines.length, 1);
  clock.advance(1_000);
  await turn();
  assert.equal(lines[1], 'stdout later');
});

test('worker output: the last lines of stderr are kept for a failed start', async () => {
  const { output, stderr } = create();
  for (let n = 0; n < 30; n += 1) stderr.write(`line ${n}\n`);
  await turn();
  const kept = output.tail.split('\n');
  assert.equal(kept.length, 20);
  assert.equal(kept.at(-1), 'line 29');
});

test('worker output: close tells what is unfinished and leaves no timer', async () => {
  const { output, stdout, lines, clock } = create();
  stdout.write('half');
  await turn();
  output.close();
  assert.deepEqual(lines, ['stdout half']);
  assert.equal(clock.pending, 0);
  assert.equal(stdout.destroyed, true);
});
