// Dates and times of the Lua machine: strftime and mktime of C, without a C library.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { formatTime, secondsOfLocal, writeLocal, writeUtc } from '../../../runtimes/lua/vm/calendar.ts';

const utc = (iso: string): Int32Array => {
  const tm = new Int32Array(10);
  writeUtc(BigInt(Date.parse(iso) / 1_000), tm);
  return tm;
};

/** What `date -u` of a C locale prints for the same. */
const moments: readonly (readonly [iso: string, format: string, text: string])[] = [
  ['1970-01-01T00:00:00Z', '%c|%x|%X|%p', 'Thu Jan  1 00:00:00 1970|01/01/70|00:00:00|AM'],
  ['2024-02-29T23:59:59Z', '%A %B %e %j %U %W %u %w', 'Thursday February 29 060 08 09 4 4'],
  ['2021-01-03T12:00:00Z', '%G-W%V-%u %g %C %y', '2020-W53-7 20 20 21'],
  [
    '2024-12-30T01:02:03Z',
    '%G-W%V %D %F %r %R %T',
    '2025-W01 12/30/24 2024-12-30 01:02:03 AM 01:02 01:02:03',
  ],
  ['2024-07-01T13:00:00Z', '%I %h %b %a %n%t%%|%Ey %Od', '01 Jul Jul Mon \n\t%|24 01'],
  ['0099-03-01T00:00:00Z', '%Y %y', '99 99'],
  ['2024-01-01T00:00:00Z', '%z %Z %Q', '+0000 GMT %Q'],
];

describe('the calendar of the Lua machine', () => {
  before(() => {
    process.env.TZ = 'Europe/Berlin';
  });

  for (const [iso, format, text] of moments) {
    it(`${format} of ${iso}`, () => {
      assert.equal(formatTime(format, utc(iso)), text);
    });
  }

  it('local time goes there and back, around both changes of the clock', () => {
    for (const iso of [
      '2024-03-31T00:59:59Z',
      '2024-03-31T01:00:00Z',
      '2024-10-27T02:00:00Z',
      '2024-06-15T12:00:00Z',
    ]) {
      const seconds = BigInt(Date.parse(iso) / 1_000);
      const tm = new Int32Array(10);
      writeLocal(seconds, tm);
      assert.equal(secondsOfLocal(tm), seconds, iso);
    }
  });

  it('the hour that comes twice is the one that tm_isdst says', () => {
    const twice = (dst: number): bigint =>
      secondsOfLocal(Int32Array.from([0, 30, 2, 27, 9, 124, 0, 0, dst, 0]));
    assert.equal(twice(0) - twice(1), 3_600n);
  });

  it('fields out of their range are put in order', () => {
    const tm = Int32Array.from([70, 0, 0, 32, 11, 123, 0, 0, 0, 0]);
    assert.equal(secondsOfLocal(tm), BigInt(Date.parse('2023-12-31T23:01:10Z') / 1_000));
    assert.deepEqual([...tm.subarray(0, 7)], [10, 1, 0, 1, 0, 124, 1]);
  });

  it('a time that is none is -1', () => {
    assert.equal(secondsOfLocal(Int32Array.from([0, 0, 0, 1, 0, 2_000_000_000, 0, 0, 0, 0])), -1n);
  });
});
