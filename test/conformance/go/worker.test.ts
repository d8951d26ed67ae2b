// The Go worker, over a bare connection: every promise that compiled languages share, and those of Go alone.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { planGo } from '../../../src/build/go/plan-go.ts';
import { describeCalls, describeEvents, describeReach } from '../compiled-calls.ts';
import { describeFrames, describeGoldenFrames } from '../compiled-frames.ts';
import { describeOutput } from '../compiled-output.ts';
import { csv, describeResults, json, octets, plain, type ResultRow } from '../compiled-results.ts';
import { describeStreams } from '../compiled-streams.ts';
import { behaviours, CompiledProgram, forCase, planned, reasonToSkip, unitOf } from '../compiled-worker.ts';

const skip = await reasonToSkip('go');

const ofGo: readonly ResultRow[] = [
  ['a nil pointer is an empty 200', 'nil-pointer', { headers: {}, body: '' }],
  ['false is text', 'false', { headers: plain, body: 'false' }],
  ['a map is JSON in the order of its keys', 'map', { headers: json, body: '{"a":1,"f":1,"ü/<&>":null}' }],
  ['a map of texts is JSON', 'map-of-texts', { headers: json, body: '{"a":"b"}' }],
  ['a struct is JSON', 'object', { headers: json, body: '{"a":1}' }],
  [
    'a struct with the keys of an answer is one',
    'object-envelope',
    { status: 201, headers: { 'X-A': '1' }, body: 'made' },
  ],
  ['its bytes are bytes', 'pointer-envelope', { status: 202, headers: octets, body: Buffer.from([0xff]) }],
  ['a type says what its JSON is', 'json-class', { headers: json, body: '{"own":"json"}' }],
  ['JSON that is written already stays as it is', 'raw', { headers: json, body: '{"b":2,"a":1}' }],
  ['and may be an answer', 'raw-envelope', { status: 201, headers: {}, body: 'made' }],
  ['an error as a value is one', 'error-value', { error: 'returned as a value' }],
  [
    'bytes beyond the window arrive whole',
    'big-bytes',
    { headers: { 'Content-Type': 'image/png' }, body: Buffer.alloc(300_000, 7) },
  ],
  ['header bytes up to U+00FF go out as they are', 'header-latin', { headers: { 'x-a': 'é', 'x-b': 'é' } }],
  [
    'structs are rows of CSV in the order of their fields',
    'csv-structs',
    { headers: csv, body: 'status,body\n1,z' },
  ],
  ['a body of bytes is octets', 'body-bytes', { headers: octets, body: Buffer.from([0xff]) }],
  ['JSON has no infinity', 'infinite', { error: /unsupported value: \+Inf$/ }],
  ['JSON has no channels', 'channel', { error: /unsupported type: chan int$/ }],
];

describe('go', { skip }, () => {
  let compiled: CompiledProgram;
  const program = () => compiled;

  before(async () => {
    compiled = await CompiledProgram.make(await planned(planGo, unitOf(join(behaviours, 'handler.go'))));
  });

  after(() => compiled?.remove());

  describeEvents('go events', program);
  describeCalls('go calls', program, [
    ['error', 'boom', /^\*errors\.errorString: boom$/],
    ['error-empty', '*errors.errorString', /./],
    ['error-bytes', 'half \ufffd', /./],
    ['panic', 'go handler panicked: on purpose', /\n {4}at main\.\S+ \(handler\.go:\d+\)\n/],
    ['panic-error', 'go handler panicked: an error of its own', /handler\.go/],
    ['panic-index', /^go handler panicked: runtime error: index out of range/, /handler\.go/],
    ['panic-nil', /^go handler panicked: interface conversion/, /handler\.go/],
    ['goexit', 'handler exited', /^$/],
  ]);
  describeReach('go reach', program);
  describeResults('go results', program, ofGo);
  describeGoldenFrames('go golden frames', program);
  describeFrames('go frames', program);
  describeStreams('go streams', program, ['stream-channel', 'iterator']);
  describeOutput('go output', program, 'to stderr\nto the log\n');

  describe('go alone', () => {
    it('the environment is there before package variables are made', async (test) => {
      const worker = await program().loaded(test, { env: { AT_START: 'yes' } });
      const answer = await worker.invoke();
      assert.equal((JSON.parse(answer.body.toString()) as { atStart: unknown }).atStart, 'yes');
    });

    it('a context has the deadline', async (test) => {
      const worker = await program().loaded(test);
      const answer = await worker.invoke({ ...forCase('deadline'), remainingMs: 4_000 });
      const { found, ms } = JSON.parse(answer.body.toString()) as { found: boolean; ms: number };
      assert.ok(found && ms > 3_000 && ms <= 4_000, String(ms));
    });

    it('a writer function streams octets unless it says otherwise', async (test) => {
      const answer = await (await program().loaded(test)).invoke(forCase('writer'));
      assert.deepEqual([answer.headers, answer.body.toString()], [octets, 'one,two']);
    });

    it('a reader that waits is closed when nobody listens any more', async (test) => {
      const worker = await program().loaded(test);
      const { id, answer } = worker.begin(forCase('stream-closed'));
      const closed = worker.waitFor(
        (message) => message.type === 'log' && message.text === 'source closed\n',
      );
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      assert.equal((await answer).error, 'invocation cancelled');
      await closed;
    });

    it('bytes that are no text become marks in the log', async (test) => {
      const worker = await program().loaded(test, { maxOutputBytes: 1_000_000 });
      assert.equal((await worker.invoke(forCase('raw-bytes'))).stdout, '\ufffd'.repeat(40_000));
    });

    it('output of calls that overlap is nobody’s, and never another one’s', async (test) => {
      const worker = await program().loaded(test);
      const waiting = worker.begin(forCase('waits'));
      const printing = await worker.invoke(forCase('prints'));
      assert.deepEqual([printing.stdout, printing.stderr], ['', '']);
      assert.match(worker.looseOutput('stdout'), /^one two\n/);
      worker.send({ type: 'cancel', id: waiting.id, reason: 'deadline' });
      assert.equal((await waiting.answer).stdout, '');
    });

    it('a panic in a goroutine of its own ends the worker with the trace in its last words', async (test) => {
      const worker = await program().loaded(test);
      worker.begin(forCase('stray-panic')).answer.catch(() => {});
      assert.equal(await worker.exited, 2);
      assert.match(worker.rawOutput, /^panic: in a goroutine of its own/);
    });
  });
});
