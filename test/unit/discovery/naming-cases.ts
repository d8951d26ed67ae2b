// The examples of the routing contract's sections 1 to 7 that its numbered list leaves out: names, modes, ranks.

import type { TreeCase } from './tree-case.ts';

const named = (name: string, extra: object) => ({
  [`${name}/fn.config.json`]: { runtime: 'node', ...extra },
  [`${name}/handler.js`]: '',
});

export const namingCases: readonly TreeCase[] = [
  {
    what: '1.1: six extensions in any case are handlers, module dialects and type files are not',
    tree: [
      'a.JS',
      'b.Ts',
      'c.PY',
      'd.mjs',
      'e.cjs',
      'f.jsx',
      'g.tsx',
      'h.d.ts',
      'i.txt',
      'j.php',
      'k.rs',
      'l.go',
    ],
    rows: [
      ['GET /a', 'a.JS'],
      ['GET /b', 'b.Ts'],
      ['GET /c', 'c.PY'],
      ...['d', 'e', 'f', 'g', 'h', 'h/d', 'i'].map((name) => [`GET /${name}`, '404'] as const),
      // Not among the enabled runtimes of this table.
      ...['j', 'k', 'l'].map((name) => [`GET /${name}`, '404'] as const),
    ],
    warnings: [],
  },
  {
    what: '1.2: tests in any case, two methods in one name, names that start with a blank or a dot',
    tree: [
      'a.test.js',
      'b.SPEC.py',
      'get.users.delete.js',
      'testing.js',
      'c.tests.js',
      '.hidden.js',
      ' d.js',
    ],
    rows: [
      ['GET /a/test', '404'],
      ['GET /b/spec', '404'],
      ['GET /users/delete', '404'],
      ['GET /users', '404'],
      ['GET /testing', 'testing.js'],
      ['GET /c/tests', 'c.tests.js'],
      ['GET /hidden', '404'],
      ['GET /d', ' d.js'],
    ],
    warnings: ['ambiguous_method get.users.delete.js'],
  },
  {
    what: '1.3: the method comes first or not at all, and dots are slashes',
    tree: [
      'get.items.js',
      'post.users.[id].py',
      'orders/[id]/put.py',
      'reports.daily.js',
      'DELETE.items.[id].js',
      'users.get.js',
      'head.x.js',
      'options.y.js',
      'a..b.js',
      'get.js.js',
    ],
    rows: [
      ['GET /items', 'get.items.js'],
      ['POST /users/7', 'post.users.[id].py {"id":"7"}'],
      ['PUT /orders/7', 'orders/[id]/put.py {"id":"7"}'],
      ['GET /reports/daily', 'reports.daily.js'],
      ['DELETE /items/7', 'DELETE.items.[id].js {"id":"7"}'],
      ['GET /users/get', 'users.get.js'],
      ['GET /head/x', 'head.x.js'],
      ['GET /options/y', 'options.y.js'],
      ['GET /a/b', 'a..b.js'],
      ['GET /js', 'get.js.js'],
    ],
    warnings: [],
  },
  {
    what: '1.4: folder words are dropped everywhere, names become small letters, digits and hyphens',
    tree: [
      'a/main/b.js',
      'A_B/C.js',
      'v1.2/x.js',
      'get.my__long___name.js',
      'x/-y-.js',
      'p/[id]/[id].js',
      'q/get.Index.js',
    ],
    rows: [
      ['GET /a/b', 'a/main/b.js'],
      ['GET /a-b/c', 'A_B/C.js'],
      ['GET /v1-2/x', 'v1.2/x.js'],
      ['GET /my-long-name', 'get.my__long___name.js'],
      ['GET /x/y', 'x/-y-.js'],
      ['GET /p/1/2', 'p/[id]/[id].js {"id":"2"}'],
      ['GET /q', 'q/get.Index.js'],
    ],
  },
  {
    what: '1.4: an optional catch-all adds its base only as the last part of a file name',
    tree: ['a/[[...s]].js', 'b/[[...s]]/index.js', 'c/[...s]/get.py', 'd/get.[[...s]].js', '[[...all]].py'],
    rows: [
      ['GET /a', 'a/[[...s]].js'],
      ['GET /a/x/y', 'a/[[...s]].js {"s":"x/y"}'],
      ['GET /b/x', 'b/[[...s]]/index.js {"s":"x"}'],
      ['GET /b', '[[...all]].py {"all":"b"}'],
      ['GET /c/x/y', 'c/[...s]/get.py {"s":"x/y"}'],
      ['GET /d', 'd/get.[[...s]].js'],
      ['GET /', '404'],
    ],
  },
  {
    what: '1.5: methods are those of the same folder, as list or text; unknown ones are not used',
    tree: {
      'a/fn.config.json': { invoke: { methods: ['post', 'PUT', 'BREW'] } },
      'a/x.js': '',
      'b/fn.config.json': { invoke: { methods: 'brew' } },
      'b/x.js': '',
    },
    rows: [
      ['POST /a/x', 'a/x.js'],
      ['PUT /a/x', 'a/x.js'],
      ['GET /a/x', '405 POST, PUT'],
      ['GET /b/x', 'b/x.js'],
      ['POST /b/x', '405 GET'],
    ],
  },
  {
    what: '2.1: an entrypoint that exists makes a single-entry folder, one that does not is none',
    tree: {
      'a/fn.config.json': { entrypoint: 'app.js' },
      'a/app.js': '',
      'a/core.js': '',
      'b/fn.config.json': { entrypoint: 'gone.js' },
      'b/get.x.js': '',
    },
    rows: [
      ['GET /a', 'a/app.js'],
      ['GET /a/core', 'a/app.js {"wildcard":"core"}'],
      ['GET /b/x', '404'],
    ],
  },
  {
    what: '2.2: below a mixed folder everything is mixed',
    tree: [
      'shop/handler.js',
      'shop/core.js',
      'shop/admin/index.js',
      'shop/admin/get.health.js',
      'shop/admin/util.js',
    ],
    rows: [
      ['GET /shop', 'shop/handler.js'],
      ['GET /shop/core', '404'],
      ['GET /shop/admin', 'shop/admin/index.js'],
      ['GET /shop/admin/health', 'shop/admin/get.health.js'],
      ['GET /shop/admin/util', '404'],
    ],
    warnings: [],
  },
  {
    what: '3.2: of several runtimes that have a version the first enabled one answers',
    tree: ['node/hi/v2/handler.js', 'python/hi/v2/handler.py'],
    options: { runtimes: ['python', 'node'] },
    rows: [
      ['GET /hi@v2', 'python/hi/v2/handler.py'],
      ['GET /hi@v2/', 'python/hi/v2/handler.py'],
      ['GET /hi%40v2', 'python/hi/v2/handler.py'],
    ],
  },
  {
    what: '3.2: without an entry of its own a folder is one function only when all children are versions',
    tree: [
      'node/a/v1/handler.js',
      'node/a/other/handler.js',
      'node/b/v1/handler.js',
      'node/b/2.0-rc/handler.js',
    ],
    rows: [
      ['GET /a/v1', 'node/a/v1/handler.js'],
      ['GET /a/other', 'node/a/other/handler.js'],
      ['GET /b@v1', 'node/b/v1/handler.js'],
      ['GET /b@2.0-rc', 'node/b/2.0-rc/handler.js'],
    ],
  },
  {
    what: "3.2: a version's own routes are its own",
    tree: {
      'node/a/handler.js': '',
      'node/a/v2/handler.js': '',
      'node/a/v2/fn.config.json': { invoke: { routes: ['/second'] } },
    },
    rows: [
      ['GET /second', 'node/a/v2/handler.js'],
      ['GET /a', 'node/a/handler.js'],
      ['GET /a@v2', 'node/a/v2/handler.js'],
    ],
  },
  {
    what: '5.1: one route under invoke.route alone names no function',
    tree: { 'a/fn.config.json': { invoke: { route: '/elsewhere' } }, 'a/handler.js': '' },
    rows: [
      ['GET /a', 'a/handler.js'],
      ['GET /elsewhere', '404'],
    ],
  },
  {
    what: '5.2: the language of an identity is the one named, else that of its entrypoint, else of its entry file',
    tree: {
      'a/fn.config.json': { runtime: 'python', name: 'a' },
      'a/handler.py': '',
      'a/handler.js': '',
      'b/fn.config.json': { name: 'b', entrypoint: 'run.py' },
      'b/run.py': '',
      'b/handler.js': '',
      'c/fn.config.json': { name: '../up' },
      'c/handler.js': '',
    },
    rows: [
      ['GET /a', 'a/handler.py'],
      ['GET /b', 'b/run.py'],
      ['GET /c', 'c/handler.js'],
    ],
  },
  {
    what: '5.5: FN_FORCE_URL forces every policy route, versions too',
    tree: {
      'p.js': '',
      ...named('x', { invoke: { routes: ['/p'] } }),
      'q.js': '',
      'node/y/handler.js': '',
      'node/y/v2/handler.js': '',
      'node/y/v2/fn.config.json': { invoke: { routes: ['/q'] } },
    },
    options: { forceUrl: true },
    rows: [
      ['GET /p', 'x/handler.js'],
      ['GET /q', 'node/y/v2/handler.js'],
    ],
    warnings: ['shadowed_route p.js', 'shadowed_route q.js'],
  },
  {
    what: "5.5: a version's own force-url counts for nothing",
    tree: {
      'q.js': '',
      'node/y/handler.js': '',
      'node/y/v2/handler.js': '',
      'node/y/v2/fn.config.json': { 'force-url': true, invoke: { routes: ['/q'], methods: ['GET', 'PUT'] } },
    },
    rows: [
      ['GET /q', 'q.js'],
      ['PUT /q', 'node/y/v2/handler.js'],
    ],
  },
  {
    what: '7: two policy routes conflict, also when both are forced; one forced wins whole',
    tree: {
      ...named('a', { invoke: { routes: ['/same', '/won', '/both'] } }),
      ...named('b', { invoke: { routes: ['/same'] } }),
      ...named('c', { 'force-url': true, invoke: { routes: ['/won', '/two'], methods: ['GET', 'POST'] } }),
      ...named('d', { forceUrl: true, invoke: { routes: ['/two'] } }),
    },
    rows: [
      ['GET /same', '409'],
      ['GET /both', 'a/handler.js'],
      ['GET /won', 'c/handler.js'],
      ['GET /two', '409'],
      ['POST /two', 'c/handler.js'],
    ],
  },
  {
    what: '7: a manifest takes only what it says from a file, and a file nothing from a manifest',
    tree: {
      'fn.routes.json': { routes: { 'GET /x': 'other.js' } },
      '_o.js': '',
      'other.js': '',
      'x.js': '',
      'post.x.js': '',
    },
    rows: [
      ['GET /x', 'other.js'],
      ['POST /x', 'post.x.js'],
    ],
    warnings: ['shadowed_route x.js'],
  },
  {
    what: '7: same method in file name and folder is one claim twice',
    tree: ['get.users.js', 'users/get.js', 'users/post.js'],
    rows: [
      ['GET /users', '409'],
      ['POST /users', 'users/post.js'],
      ['OPTIONS /users', '204 GET, POST'],
    ],
    warnings: ['route_conflict get.users.js'],
  },
  {
    what: '8: more static parts beat catch-alls, and parameters beat them too',
    tree: ['x/[...a].js', '[a]/y.js', 'x/[b].js', '[...all].py', 'x/y/[...z].js', 'x/y.z.js'],
    rows: [
      // Equal in all counts: byte order decides, and `:` comes before letters.
      ['GET /x/y', '[a]/y.js {"a":"x"}'],
      ['GET /q/y', '[a]/y.js {"a":"q"}'],
      ['GET /x/y/w', 'x/y/[...z].js {"z":"w"}'],
      ['GET /x/y/z', 'x/y.z.js'],
      ['GET /x/a/b', 'x/[...a].js {"a":"a/b"}'],
      ['GET /q', '[...all].py {"all":"q"}'],
    ],
  },
];
