import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BuildJobs } from '../../../src/build/build-jobs.ts';

/** A build that ends when told to. */
function build() {
  const done = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const run = (signal: AbortSignal) => {
    signals.push(signal);
    if (signal.aborted) done.resolve('aborted');
    signal.addEventListener('abort', () => done.resolve('aborted'));
    return done.promise;
  };
  return { run, end: done.resolve, signals };
}

describe('build jobs', () => {
  test('one for each key, told to all who want it at its end', async () => {
    const jobs = new BuildJobs<string, string>(4);
    const { run, end, signals } = build();
    const told: unknown[] = [];
    const tell = (how: string, users: readonly string[]) => told.push([how, users]);
    for (const user of ['a', 'b', 'c']) jobs.want('key', user, run, tell);
    jobs.leave('key', 'b');
    assert.equal(jobs.size, 1);
    end('built');
    await jobs.settled();
    assert.deepEqual(told, [['built', ['a', 'c']]]);
    assert.equal(signals.length, 1);
    assert.equal(jobs.size, 0);
  });

  test('no more at once than allowed', async () => {
    const jobs = new BuildJobs<string, string>(2);
    const builds = [build(), build(), build()];
    for (const [index, { run }] of builds.entries()) jobs.want(`key ${index}`, 'user', run, () => {});
    await new Promise(setImmediate);
    assert.deepEqual(
      builds.map(({ signals }) => signals.length),
      [1, 1, 0],
    );
    builds[0]?.end('built');
    await new Promise(setImmediate);
    assert.deepEqual(
      builds.map(({ signals }) => signals.length),
      [1, 1, 1],
    );
    for (const { end } of builds) end('built');
    await jobs.settled();
  });

  test('one that nobody wants any more is ended and told to nobody; who wants the key again begins anew', async () => {
    const jobs = new BuildJobs<string, string>(4);
    const [first, second] = [build(), build()];
    const told: string[] = [];
    jobs.want('key', 'a', first.run, (how) => told.push(how));
    await new Promise(setImmediate);
    jobs.leave('key', 'a');
    assert.equal(first.signals[0]?.aborted, true);
    jobs.want('key', 'b', second.run, (how) => told.push(how));
    await new Promise(setImmediate);
    assert.equal(second.signals.length, 1);
    second.end('built');
    await jobs.settled();
    assert.deepEqual(told, ['built']);
  });

  test('closing ends all, also those that wait', async () => {
    const jobs = new BuildJobs<string, string>(1);
    const [first, second] = [build(), build()];
    const told: string[] = [];
    jobs.want('one', 'a', first.run, (how) => told.push(how));
    jobs.want('two', 'a', second.run, (how) => told.push(how));
    second.end('built');
    await jobs.close();
    assert.deepEqual(told, []);
    assert.equal(first.signals[0]?.aborted, true);
  });
});
