import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRouteManifest } from '../../../src/discovery/route-manifest.ts';

function parse(value: unknown) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1);
  const { entries, faults } = parseRouteManifest(text, 'fn.routes.json');
  return {
    entries: entries.map((entry) => `${entry.methods} ${entry.pattern} ${entry.target}`),
    faults: faults.map((fault) => `${fault.severity} ${fault.key}`),
  };
}

describe('fn.routes.json', () => {
  it('reads methods in capitals, one or several, GET when there is none', () => {
    const routes = {
      'GET /a': 'a.js',
      'POST,PUT /b': './b.py',
      'PATCH  DELETE  /c': 'x/c.php',
      '/d/{id}': '_d.js',
    };
    assert.deepEqual(parse({ routes }), {
      entries: ['GET /a a.js', 'POST,PUT /b b.py', 'PATCH,DELETE /c x/c.php', 'GET /d/:id _d.js'],
      faults: [],
    });
  });

  it('refuses what cannot be meant, entry by entry', () => {
    const routes = {
      ...{ 'get /a': 'a.js', 'OPTIONS /b': 'b.js', 'GET/c': 'c.js', 'GET c': 'c.js', 'GET /d': '../d.js' },
      ...{
        'GET /e': '/etc/passwd.js',
        'GET /f': 'f.txt',
        'GET /_fn/x': 'x.js',
        'GET,OPTIONS /g': 'g.js',
        'GET /h': 5,
      },
    };
    const { entries, faults } = parse({ routes });
    assert.deepEqual(entries, ['GET /g g.js']);
    assert.equal(faults.length, 10);
    assert.ok(faults.includes('warning routes.GET,OPTIONS /g'));
  });

  it('a file without routes is a fault', () => {
    for (const value of ['{"routes": []}', '{}', '[', '{"route": {}}']) {
      assert.deepEqual(parse(value).entries, []);
      assert.notEqual(parse(value).faults.length, 0);
    }
  });

  it('a key of a quarter megabyte of spaces is read in no time', () => {
    const started = performance.now();
    parse({ routes: { [`A${' '.repeat(250_000)}x`]: 'a.js' } });
    assert.ok(performance.now() - started < 1_000);
  });
});
