import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSourceHints, readSourceHints } from '../../../src/discovery/source-hints.ts';

test('source hints: comments of every language are read, the first of each kind counts', () => {
  const text = [
    '<?php',
    '// @summary Says hello',
    '# @methods GET,POST',
    '-- @query {"name":"World"}',
    ' * @body {"a":1}',
    '// @content_type Text/Plain; charset=utf-8',
    '// @summary Another',
  ].join('\r\n');
  assert.deepEqual(parseSourceHints(text), {
    summary: 'Says hello',
    methods: 'GET,POST',
    query: { name: 'World' },
    body: '{"a":1}',
    contentType: 'text/plain; charset=utf-8',
  });
});

test('source hints: what is no comment, too far down or no example is left out', () => {
  assert.deepEqual(parseSourceHints('const a = "// @summary no";\nx // @summary no'), {});
  assert.deepEqual(parseSourceHints(`${'\n'.repeat(80)}// @summary late`), {});
  assert.deepEqual(parseSourceHints('// @query [1]\n// @query {bad'), {});
  assert.deepEqual(parseSourceHints('// @content_type not a type\n// @summary   '), {});
  assert.deepEqual(readSourceHints('/nowhere/at/all.js'), {});
});
