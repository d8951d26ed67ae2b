import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StopSignals } from '../../../src/cli/stop-signals.ts';
import { FakeClock } from '../../fakes/clock.ts';

function listening() {
  const clock = new FakeClock();
  const exits: number[] = [];
  let send: (signal: NodeJS.Signals) => void = () => assert.fail('no listener');
  const signals = new StopSignals(
    {
      onSignal: (callback) => {
        send = callback;
        return () => {};
      },
      exit: (status) => void exits.push(status),
    },
    clock,
  );
  return { clock, exits, signals, send: (signal: NodeJS.Signals) => send(signal) };
}

test('stop signals: a copy of the first signal, as npm sends one on Ctrl-C, does not cut the drain', async () => {
  const { clock, exits, signals, send } = listening();
  send('SIGINT');
  assert.equal(await signals.stop, 'SIGINT');
  clock.advance(299);
  send('SIGINT');
  assert.deepEqual(exits, []);
});

test('stop signals: the same signal again later, or another one, ends at once', () => {
  const later = listening();
  later.send('SIGTERM');
  later.clock.advance(300);
  later.send('SIGTERM');
  assert.deepEqual(later.exits, [1]);
  const other = listening();
  other.send('SIGINT');
  other.send('SIGTERM');
  assert.deepEqual(other.exits, [1]);
});
