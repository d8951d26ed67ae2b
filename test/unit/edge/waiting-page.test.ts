import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorReply } from '../../../src/edge/error-reply.ts';
import { GatewayError } from '../../../src/errors.ts';

const building = new GatewayError('not_built', { text: 'being built', headers: { 'Retry-After': '2' } });

test('waiting page: a browser gets a page that asks again by itself, a program JSON', () => {
  const page = errorReply(building, 'req-1', 'text/html,application/xhtml+xml;q=0.9');
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['retry-after'], '2');
  assert.match(page.body, /http-equiv="refresh" content="2"/);
  for (const accept of [undefined, '*/*', 'application/json'])
    assert.equal(JSON.parse(errorReply(building, 'req-1', accept).body).error, 'being built');
});

test('waiting page: what a tool said is text, and nothing is promised where the build has failed', () => {
  const failed = new GatewayError('not_built', { text: '<script>"&\'</script>' });
  const { body } = errorReply(failed, 'req-1', 'text/html');
  assert.match(body, /&lt;script&gt;&quot;&amp;&#39;&lt;\/script&gt;/);
  assert.doesNotMatch(body, /refresh|<script>/);
});

test('waiting page: other errors stay JSON', () => {
  const error = new GatewayError('runtime_down');
  assert.equal(errorReply(error, 'req-1', 'text/html').headers['content-type'], 'application/json');
});
