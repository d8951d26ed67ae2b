import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLog, logRingOf, maskInLog, silentLog } from '../../../src/log.ts';
import { SecretMask } from '../../../src/logs/secret-mask.ts';

function masked(
  values: readonly string[],
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const mask = new SecretMask();
  mask.add(values);
  return JSON.parse(mask.apply(`${JSON.stringify(fields)}\n`));
}

test('secret mask: a value is taken out wherever it stands in a text, the longest first', () => {
  const line = masked(['secret-1', 'secret-1-longer'], {
    msg: 'a secret-1-longer b secret-1',
    n: { deep: ['secret-1'] },
  });
  assert.deepEqual(line, { msg: 'a <hidden> b <hidden>', n: { deep: ['<hidden>'] } });
});

test('secret mask: what is left is JSON, whatever the value looks like', () => {
  assert.deepEqual(masked(['12345678'], { time: 1234567890, msg: 'code 12345678' }), {
    time: 1234567890,
    msg: 'code <hidden>',
  });
  assert.deepEqual(masked(['","level":', '"}\n{"a":1'], { msg: 'x","level":y', level: 30 }), {
    msg: 'x<hidden>y',
    level: 30,
  });
  const text = fc.string({ unit: 'binary', minLength: 8, maxLength: 20 });
  fc.assert(
    fc.property(text, fc.string(), fc.integer(), (secret, other, number) => {
      const line = masked([secret], { msg: `${other}${secret}${other}`, number });
      assert.equal(line['number'], number);
      assert.equal(JSON.stringify(line['msg']).includes(JSON.stringify(secret).slice(1, -1)), false);
    }),
  );
});

test('secret mask: short values are left to those who know where they stand', () => {
  assert.deepEqual(masked(['info'], { msg: 'info' }), { msg: 'info' });
});

test('secret mask: of very many values the oldest go', () => {
  const mask = new SecretMask();
  mask.add(Array.from({ length: 4_001 }, (_, n) => `value-number-${n};`));
  assert.match(mask.apply('{"a":"value-number-0;"}\n'), /value-number-0/);
  assert.doesNotMatch(mask.apply('{"a":"value-number-4000;"}\n'), /value-number/);
});

test('log: what is masked from now on stands neither in what is written nor in the ring', () => {
  const batches: string[] = [];
  const log = createLog({ level: 'info', format: 'json', out: { write: (batch) => batches.push(batch) } });
  maskInLog(log, ['very-secret']);
  log.info({ err: new Error('no very-secret') }, 'it is very-secret');
  assert.doesNotMatch(JSON.stringify(logRingOf(log).query({ limit: 9 })), /very-secret/);
  assert.doesNotMatch(batches.join(''), /very-secret/);
  assert.match(batches.join(''), /it is <hidden>/);
  maskInLog(silentLog, ['no effect and no fault']);
});
