// The Rust worker, over a bare connection: every promise that compiled languages share, and those of Rust alone.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { planRust } from '../../../src/build/rust/plan-rust.ts';
import { describeCalls, describeEvents, describeReach } from '../compiled-calls.ts';
import { describeFrames, describeGoldenFrames } from '../compiled-frames.ts';
import { describeOutput } from '../compiled-output.ts';
import { describeResults, json, octets, plain, type ResultRow } from '../compiled-results.ts';
import { describeStreams } from '../compiled-streams.ts';
import { behaviours, CompiledProgram, forCase, planned, reasonToSkip, unitOf } from '../compiled-worker.ts';

const skip = await reasonToSkip('rust');

const ofRust: readonly ResultRow[] = [
  ['() is an empty 200', 'unit', { headers: {}, body: '' }],
  ['None is an empty 200', 'option', { headers: {}, body: '' }],
  [
    'an object is JSON in the order of its keys',
    'map',
    { headers: json, body: '{"a":1,"f":1.0,"ü/<&>":null}' },
  ],
  ['header text up to U+00FF goes out', 'header-latin', { headers: { 'x-b': 'é' } }],
  ['base64 that was cut is told', 'base64-cut', { error: 'invalid body_base64' }],
  ['any serializable value may be an answer', 'json', { status: 201, headers: {}, body: '' }],
  [
    'a Response has status, headers and text',
    'response',
    { status: 201, headers: { 'X-A': ['1', '2'] }, body: 'made' },
  ],
  ['a Response has JSON', 'response-json', { status: 202, headers: json, body: '{"a":1}' }],
  [
    'a Response has bytes',
    'response-bytes',
    { headers: { 'Content-Type': 'image/png' }, body: Buffer.alloc(300_000, 7) },
  ],
  ['a Response has a valid status', 'response-status', { error: 'status must be a valid HTTP code' }],
  ['a number is text', 'count', { headers: plain }],
];

describe('rust', { skip }, () => {
  let compiled: CompiledProgram;
  const program = () => compiled;

  before(async () => {
    compiled = await CompiledProgram.make(await planned(planRust, unitOf(join(behaviours, 'handler.rs'))));
  });

  after(() => compiled?.remove());

  describeEvents('rust events', program);
  describeCalls('rust calls', program, [
    ['error', 'boom', /^boom$/],
    ['error-empty', 'the handler failed without a text', /./],
    ['parse', 'invalid digit found in string', /./],
    ['panic', 'rust handler panicked: on purpose', /\n {4}at handler\.rs:\d+:\d+$/],
    ['panic-index', /^rust handler panicked: index out of bounds/, /handler\.rs/],
    ['panic-value', 'rust handler panicked', /handler\.rs/],
  ]);
  describeReach('rust reach', program);
  describeResults('rust results', program, ofRust);
  describeGoldenFrames('rust golden frames', program);
  describeFrames('rust frames', program);
  describeStreams('rust streams', program, ['writer']);
  describeOutput('rust output', program, 'to stderr 1\n');

  describe('rust alone', () => {
    it('a handler may ask for the time that is left', async (test) => {
      const worker = await program().loaded(test);
      const answer = await worker.invoke({ ...forCase('deadline'), remainingMs: 4_000 });
      const ms = Number(answer.body.toString());
      assert.ok(ms > 3_000 && ms <= 4_000, String(ms));
    });

    it('overlapping calls each have their own output', async (test) => {
      const worker = await program().loaded(test);
      const ids = ['a', 'b', 'c', 'd'];
      const answers = await Promise.all(
        ids.map((id) => worker.invoke({ event: { id, query: { case: 'sleeps' } } })),
      );
      assert.deepEqual(
        answers.map((answer) => answer.stdout),
        ids.map((id) => `${id}\n`),
      );
    });

    it('a panic in a thread of its own is told as output and ends nothing', async (test) => {
      const worker = await program().loaded(test);
      assert.equal((await worker.invoke(forCase('stray-panic'))).body.toString(), 'true');
      assert.match(
        worker.looseOutput('stderr'),
        /^thread panicked at handler\.rs:\d+:\d+: in a thread of its own\n$/,
      );
    });

    it('a reader streams as octets', async (test) => {
      assert.deepEqual((await (await program().loaded(test)).invoke(forCase('reader'))).headers, octets);
    });

    it('an abort is the end of the worker', async (test) => {
      const worker = await program().loaded(test);
      worker.begin(forCase('abort')).answer.catch(() => {});
      assert.equal(await worker.exited, 'SIGABRT');
    });
  });
});
