// Properties of the router that hold for every catalog and every path.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Catalog, FunctionUnit, Route } from '../../../src/discovery/catalog.ts';
import { matchWide } from '../../../src/discovery/route-index.ts';
import { isCatchAll, routeShape } from '../../../src/discovery/route-pattern.ts';
import { compileRouter } from '../../../src/discovery/router.ts';
import { compareShapes } from '../../../src/discovery/shape-order.ts';
import { type HttpMethod, httpMethods } from '../../../src/policy/function-policy.ts';
import { resolvePolicy } from '../../../src/policy/resolve-policy.ts';

const policy = resolvePolicy([], {}, 'node', {
  ...{ timeoutMs: 1, maxConcurrency: 1, maxBodyBytes: 1, methods: httpMethods },
  strictFs: { enabled: true, locked: true },
});

/** A catalog with one function for each pattern, in that order. */
function catalogOf(patterns: readonly string[], methods: readonly HttpMethod[] = ['GET']): Catalog {
  const routes: Route[] = patterns.map((pattern, index) => {
    const rest = { methods, hosts: null, rank: 1, forced: false, source: pattern } as const;
    return { pattern, functionKey: `node/${index}@default`, ...rest };
  });
  const units = routes.map((route): [string, FunctionUnit] => {
    const key = route.functionKey;
    const place = {
      dir: '/f',
      home: '/f',
      entry: `/f/${key}`,
      envFile: null,
      readable: [],
      listable: [],
      signature: '',
    };
    return [
      key,
      { key, runtime: 'node', name: key, version: 'default', kind: 'file', policy, refused: null, ...place },
    ];
  });
  const remarks = { conflicts: [], warnings: [], faults: [] };
  return {
    generation: 1,
    generatedAt: 0,
    root: '/f',
    runtimes: ['node'],
    functions: new Map(units),
    routes,
    ...remarks,
  };
}

/** What the contract's patterns mean, written the slow and obvious way. */
function patternRegExp(pattern: string): RegExp {
  const parts = pattern
    .slice(1)
    .split('/')
    .map((segment) => {
      if (isCatchAll(segment)) return '(.+)';
      return segment.startsWith(':') ? '([^/]+)' : segment.replace(/[.+]/g, '\\$&');
    });
  return new RegExp(`^/${parts.join('/')}$`);
}

const segment = fc.constantFrom('a', 'b', 'c', ':x', ':y', ':r*', '*');
const pattern = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join('/')}`);
const plainPath = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 6 });

describe('router: properties', () => {
  it('finds the first pattern in the contract order, as a linear search does', () => {
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { minLength: 1, maxLength: 8 }), plainPath, (patterns, path) => {
        const rawPath = `/${path.join('/')}`;
        const match = compileRouter(catalogOf(patterns)).match({ method: 'GET', rawPath, host: '' });
        const isStatic = (each: string) => !/[:*]/.test(each);
        const sorted = [
          ...patterns.filter(isStatic),
          ...patterns.filter((each) => !isStatic(each)).sort(compareShapes),
        ];
        const expected = sorted.find((each) => patternRegExp(each).test(rawPath));
        if (expected === undefined) assert.equal(match.kind, 'not_found');
        else {
          assert.equal(match.kind, 'found');
          const found = match.kind === 'found' ? (match.route?.pattern ?? '') : '';
          // Which of one shape wins is the catalog's order, and in a real catalog a conflict.
          assert.equal(routeShape(found), routeShape(expected));
        }
      }),
    );
  });

  it('catch-alls anywhere split a path as greedy groups do', () => {
    fc.assert(
      fc.property(pattern, plainPath, (each, path) => {
        const parts = each.slice(1).split('/');
        const expected = patternRegExp(each).exec(`/${path.join('/')}`);
        const starts = matchWide(parts, path);
        assert.equal(starts === null, expected === null);
        if (starts === null || expected === null) return;
        const groups = parts.flatMap((part, index) =>
          /[:*]/.test(part) ? [path.slice(starts[index], starts[index + 1] ?? path.length).join('/')] : [],
        );
        assert.deepEqual(groups, expected.slice(1));
      }),
      { numRuns: 500 },
    );
  });

  it('gives back every parameter that was encoded into the path', () => {
    const router = compileRouter(catalogOf(['/u/:a/x/:b', '/f/:rest*']));
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => !text.includes('..') && text !== '.' && !text.includes('\0') && text.isWellFormed());
    fc.assert(
      fc.property(word, word, (a, b) => {
        const rawPath = `/u/${encodeURIComponent(a)}/x/${encodeURIComponent(b)}`;
        const match = router.match({ method: 'GET', rawPath, host: '' });
        assert.deepEqual(match.kind === 'found' ? match.params : match.kind, { a, b });
      }),
    );
    const match = router.match({ method: 'GET', rawPath: '/f/a%20b/c%2Fd/+', host: '' });
    assert.deepEqual(match.kind === 'found' ? match.params : match.kind, { rest: 'a b/c/d/+' });
  });

  it('never throws, whatever is asked', () => {
    const router = compileRouter(catalogOf(['/a', '/:x', '/a/:r*', '/:m*/end', '/*']));
    const noise = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc
        .array(fc.constantFrom('/', '%2e', '%2F', '%', '..', '.', 'a', '%00', '%ff', '@', '_fn', '\\'), {
          maxLength: 20,
        })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(
        noise,
        fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'TRACE', ''),
        noise,
        (path, method, host) => {
          for (const rawPath of [path, `/${path}`]) {
            const match = router.match({ method, rawPath, host });
            if (match.kind !== 'found') continue;
            for (const value of Object.values(match.params)) assert.ok(!value.split('/').includes('..'));
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('a path of thousands of segments is no work', () => {
    const router = compileRouter(catalogOf(['/:a*/x/:b*/x/:c*/x/:d*/y', '/*/z']));
    const rawPath = '/x'.repeat(4_000);
    const started = performance.now();
    assert.equal(router.match({ method: 'GET', rawPath, host: '' }).kind, 'not_found');
    assert.ok(performance.now() - started < 500);
  });

  it('several bare catch-alls are numbered, and of one name the last wins', () => {
    const router = compileRouter(catalogOf(['/p/*/q/*', '/r/:id/:id']));
    const params = (rawPath: string) => {
      const match = router.match({ method: 'GET', rawPath, host: '' });
      return match.kind === 'found' ? match.params : match.kind;
    };
    assert.deepEqual(params('/p/1/q/2/3'), { wildcard: '1', wildcard2: '2/3' });
    assert.deepEqual(params('/r/1/2'), { id: '2' });
  });

  it('Allow lists each method once, in a fixed order, over all patterns of the path', () => {
    const catalog = catalogOf(['/x', '/:a', '/*']);
    const methods: readonly (readonly HttpMethod[])[] = [['DELETE'], ['PUT', 'GET'], ['PUT']];
    const routes = catalog.routes.map((route, index) => ({ ...route, methods: methods[index] ?? [] }));
    const match = compileRouter({ ...catalog, routes }).match({ method: 'PATCH', rawPath: '/x', host: '' });
    assert.deepEqual(match, { kind: 'method_not_allowed', allow: ['GET', 'PUT', 'DELETE'] });
  });

  it('a dynamic conflict answers before a healthy dynamic route, not before an exact one', () => {
    const catalog = catalogOf(['/a/exact', '/:x/:y', '/a/:z']);
    const conflicts = [{ pattern: '/:x/:y', methods: ['GET'], hosts: null, claimants: [] }] as const;
    const router = compileRouter({ ...catalog, conflicts });
    const kind = (rawPath: string) => router.match({ method: 'GET', rawPath, host: '' }).kind;
    assert.deepEqual([kind('/a/exact'), kind('/a/other'), kind('/a')], ['found', 'conflict', 'not_found']);
  });
});
