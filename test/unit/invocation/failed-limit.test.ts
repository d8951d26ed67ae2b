import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedLimit } from '../../../src/invocation/failed-limit.ts';
import { defaultResourceLimits } from '../../../src/policy/sandbox-policy.ts';

const limitOf = (error: string) => failedLimit(error, defaultResourceLimits);

test('failed limit: the errors of both languages name the limit', () => {
  for (const error of ["EMFILE: too many open files, open '/x'", '[Errno 24] Too many open files: x']) {
    assert.equal(limitOf(error), 'open files limit exceeded (256 files)');
  }
  for (const error of ['EFBIG: file too large, write', '[Errno 27] File too large']) {
    assert.equal(limitOf(error), 'file size limit exceeded (64 MiB)');
  }
  assert.equal(limitOf('boom'), null);
});
