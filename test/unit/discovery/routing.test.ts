// The table "Worth testing" of the routing contract: trees, requests, and what answers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScanOptions } from '../../../src/discovery/scan.ts';
import { ask, scanTree, type TreeTable, warningsOf } from './tree-fixture.ts';

const mainTree = [
  ...['get.items.js', 'post.items.js', 'get.items.[id].js', 'delete.items.[id].js', 'users/index.js'],
  ...['users/[id].js', 'users/settings.js', 'blog/[...slug].js', 'docs/[[...slug]].js', 'orders/get.py'],
  ...['orders/post.py', 'orders/[id]/put.py', '_hidden.js', 'get.post.multi.js', 'get.clash.js', 'get.clash.py'],
  ...['post.clash.js', 'lib/_x.js', 'console/a.js', 'shop/handler.js', 'shop/core.js'],
  ...['shop/admin/get.health.js', 'my_route.js'],
];

const mainRows: readonly (readonly [request: string, answer: string])[] = [
  ['GET /items', 'get.items.js'],
  ['POST /items', 'post.items.js'],
  ['PUT /items', '405 GET, POST'],
  ['GET /items/7', 'get.items.[id].js {"id":"7"}'],
  ['DELETE /items/7/', 'delete.items.[id].js {"id":"7"}'],
  ['GET /items/', 'get.items.js'],
  ['GET /users', 'users/index.js'],
  ['GET /users/settings', 'users/[id].js {"id":"settings"}'],
  ['GET /blog', '404'],
  ['GET /blog/a/b', 'blog/[...slug].js {"slug":"a/b"}'],
  ['GET /docs', 'docs/[[...slug]].js'],
  ['GET /docs/x/y', 'docs/[[...slug]].js {"slug":"x/y"}'],
  ['PUT /orders/9', 'orders/[id]/put.py {"id":"9"}'],
  ['GET /hidden', '404'],
  ['GET /lib/x', '404'],
  ['GET /post/multi', '404'],
  ['GET /multi', '404'],
  ['GET /clash', '409'],
  ['HEAD /clash', '409'],
  ['POST /clash', 'post.clash.js'],
  ['GET /console/a', '404'],
  ['GET /shop', 'shop/handler.js'],
  ['GET /shop/core', '404'],
  ['GET /shop/admin/health', 'shop/admin/get.health.js'],
  ['GET /my-route', 'my_route.js'],
  ['GET /my_route', '404'],
  ['GET /My-Route', '404'],
  ['HEAD /items', 'get.items.js'],
  ['OPTIONS /items', '204 GET, POST'],
  ['OPTIONS /nowhere', '404'],
  ['GET /users/a+b', 'users/[id].js {"id":"a+b"}'],
  ['GET /users/a%2Fb', 'users/[id].js {"id":"a/b"}'],
  ['GET /users/%2541', 'users/[id].js {"id":"%41"}'],
  ['GET /users/%20', 'users/[id].js {"id":" "}'],
  ['GET /users/%zz', '400'],
  ['GET /users/%00', '400'],
  ['GET /../items', '400'],
  ['GET /a/../items', 'get.items.js'],
  ['GET /a/%2e%2E/items', 'get.items.js'],
  ['GET /./items', 'get.items.js'],
  ['GET //items', 'get.items.js'],
  ['GET /users/a..b', '404'],
  ['GET /users/..%2Fb', '404'],
  ['GET items', '400'],
  ['GET /', '404'],
  ['GET /%69tems', 'get.items.js'],
];

describe('routing: the main tree of the contract', () => {
  for (const [request, answer] of mainRows) {
    it(`${request} is answered by ${answer}`, async (t) => {
      assert.equal(ask(await scanTree(t, mainTree), request), answer);
    });
  }

  it('warns of exactly the names that mean too much, the reserved path and the conflict', async (t) => {
    assert.deepEqual(warningsOf(await scanTree(t, mainTree)), [
      'ambiguous_method get.post.multi.js',
      'reserved_route console/a.js',
      'route_conflict get.clash.js',
    ]);
  });
});

interface TreeCase {
  readonly what: string;
  readonly tree: TreeTable;
  readonly options?: Partial<ScanOptions>;
  readonly rows: readonly (readonly [request: string, answer: string, host?: string])[];
  readonly warnings?: readonly string[];
}

const twoHosts = (extra: object) => ({
  'a/fn.config.json': { runtime: 'node', invoke: { routes: ['/same'], allow_hosts: ['a.ex'], ...extra } },
  'a/handler.js': '',
  'b/fn.config.json': { runtime: 'node', invoke: { routes: ['/same'], allow_hosts: 'b.ex, *.wild.ex' } },
  'b/handler.js': '',
});

const fileAndNamed = (extra: object) => ({
  'p.js': '',
  'node/api/handler.js': '',
  'node/api/fn.config.json': { invoke: { routes: ['/p'], methods: ['GET', 'POST'] }, ...extra },
});

const cases: readonly TreeCase[] = [
  {
    what: '24: a grouped function has its name and everything below it',
    tree: ['node/hello/handler.js'],
    rows: [
      ['GET /hello', 'node/hello/handler.js'],
      ['GET /hello/z', 'node/hello/handler.js {"wildcard":"z"}'],
      ['POST /hello', '405 GET'],
    ],
    warnings: [],
  },
  {
    what: '25-28: one name in two languages is a conflict, a version is not',
    tree: ['node/hello/handler.js', 'python/hello/handler.py', 'python/hello/v2/handler.py'],
    rows: [
      ['GET /hello', '409'],
      ['GET /hello/z', '409'],
      ['GET /hello@v2', 'python/hello/v2/handler.py'],
      ['GET /hello@v9', '404'],
      ['POST /hello@v2', '405 GET'],
      ['OPTIONS /hello@v2', '204 GET'],
      ['GET /hello/v2', 'python/hello/v2/handler.py'],
    ],
  },
  {
    what: '29: versions of a path-neutral folder',
    tree: ['hi/handler.js', 'hi/v2/handler.js', 'team/x/index.py', 'team/x/1.0/main.py', 'hi/lib/index.js'],
    rows: [
      ['GET /hi@v2', 'hi/v2/handler.js'],
      ['GET /hi/v2', 'hi/v2/handler.js'],
      ['GET /team/x@1.0', 'team/x/1.0/main.py'],
      ['GET /hi@lib', '404'],
      ['GET /hi@v2/x', '404'],
    ],
    warnings: [],
  },
  {
    what: '30: a file comes before a policy route, for the methods that both have',
    tree: fileAndNamed({}),
    rows: [
      ['GET /p', 'p.js'],
      ['POST /p', 'node/api/handler.js'],
      ['PUT /p', '405 GET, POST'],
    ],
  },
  {
    what: '30: force-url puts the policy route first for all',
    tree: fileAndNamed({ 'force-url': true }),
    rows: [
      ['GET /p', 'node/api/handler.js'],
      ['POST /p', 'node/api/handler.js'],
    ],
    warnings: ['shadowed_route p.js'],
  },
  {
    what: '31: one route for two hosts',
    tree: twoHosts({}),
    rows: [
      ['GET /same', 'a/handler.js', 'a.ex'],
      ['GET /same', 'a/handler.js', 'A.EX:8080'],
      ['GET /same', 'b/handler.js', 'b.ex:443'],
      ['GET /same', 'b/handler.js', 'deep.er.wild.ex'],
      ['GET /same', '421', 'wild.ex'],
      ['GET /same', '421', 'c.ex'],
      ['POST /same', '421', 'c.ex'],
      ['POST /same', '405 GET', 'a.ex'],
    ],
    warnings: [],
  },
  {
    what: '31: only the host that both claim is in conflict',
    tree: twoHosts({ allow_hosts: ['a.ex', 'x.wild.ex'] }),
    rows: [
      ['GET /same', 'a/handler.js', 'a.ex'],
      ['GET /same', '409', 'x.wild.ex'],
      ['GET /same', 'b/handler.js', 'y.wild.ex'],
    ],
    warnings: ['route_conflict a/fn.config.json'],
  },
  {
    what: '33: a host list of which nothing can be read lets nobody in',
    tree: { 'q/get.js': '', 'q/fn.config.json': { invoke: { allow_hosts: ['https://a.ex'] } } },
    rows: [['GET /q', '421', 'a.ex']],
  },
  {
    what: '34: manifest routes are absolute, and sub-folders are searched all the same',
    tree: {
      'sub/fn.routes.json': {
        routes: { 'GET /m': 'h.js', 'GET,PUT /n': 'deep/_k.py', '/o': '../x.js', 'OPTIONS /p': 'h.js', 'get /r': 'h.js' },
      },
      'sub/h.js': '',
      'sub/deep/_k.py': '',
      'sub/deep/get.z.js': '',
      'x.js': '',
    },
    rows: [
      ['GET /m', 'sub/h.js'],
      ['GET /sub/m', '404'],
      ['PUT /n', 'sub/deep/_k.py'],
      ['GET /o', '404'],
      ['GET /p', '404'],
      ['GET /r', '404'],
      ['GET /sub/deep/z', 'sub/deep/get.z.js'],
    ],
  },
  {
    what: '35: installed packages are no functions, anywhere',
    tree: ['node/node_modules/pkg/index.js', 'vendor/a.js', 'a/.deps/b.py', 'target/x.js', 'src/y.js', '.git/z.js'],
    rows: [
      ['GET /node-modules/pkg', '404'],
      ['GET /vendor/a', '404'],
      ['GET /a/deps/b', '404'],
      ['GET /target/x', '404'],
      ['GET /src/y', '404'],
    ],
    warnings: [],
  },
  {
    what: '36: files of tools are no routes, and a method in front makes them one',
    tree: ['.eslintrc.js', 'jest.config.js', 'setup.py', 'a.stories.ts', 'Gruntfile.js', 'get.config.js', 'x.test.js'],
    rows: [
      ['GET /eslintrc', '404'],
      ['GET /jest/config', '404'],
      ['GET /setup', '404'],
      ['GET /a/stories', '404'],
      ['GET /gruntfile', '404'],
      ['GET /x/test', '404'],
      ['GET /config', 'get.config.js'],
    ],
    warnings: ['tool_file Gruntfile.js', 'tool_file a.stories.ts', 'tool_file jest.config.js', 'tool_file setup.py'],
  },
  {
    what: '37: dynamic routes of one shape are a conflict, whatever the parameter is called',
    tree: ['users/[id].js', 'users/[slug].py', 'users/post.[x].js'],
    rows: [
      ['GET /users/1', '409'],
      ['POST /users/1', 'users/post.[x].js {"x":"1"}'],
      ['PUT /users/1', '405 GET, POST'],
    ],
    warnings: ['route_conflict users/[id].js'],
  },
  {
    what: '38: seven folders down is too deep',
    tree: ['1/2/3/4/5/6/index.js', '1/2/3/4/5/6/7/index.js'],
    rows: [
      ['GET /1/2/3/4/5/6', '1/2/3/4/5/6/index.js'],
      ['GET /1/2/3/4/5/6/7', '404'],
    ],
    warnings: ['too_deep 1/2/3/4/5/6/7'],
  },
  {
    what: 'parameters keep their case, and a bad one is an error',
    tree: ['users/[userId].js', 'x/[user-id].js', 'y/[user-id]/get.js', 'z/[].js'],
    rows: [
      ['GET /users/7', 'users/[userId].js {"userId":"7"}'],
      ['GET /x/user-id', '404'],
      ['GET /y/user-id', '404'],
    ],
    warnings: ['bad_parameter x/[user-id].js', 'bad_parameter y/[user-id]', 'bad_parameter z/[].js'],
  },
  {
    what: 'a name without anything for a path is refused, not dropped',
    tree: ['日本/x.js', 'a/-.js', 'v1.2/x.js'],
    rows: [
      ['GET /x', '404'],
      ['GET /a', '404'],
      ['GET /v1-2/x', 'v1.2/x.js'],
    ],
    warnings: ['empty_segment a/-.js', 'empty_segment 日本'],
  },
  {
    what: 'a folder with an underscore is private with all its content',
    tree: ['_lib/db.js', 'a/_b/get.c.js', 'node/_shared/index.js'],
    rows: [
      ['GET /lib/db', '404'],
      ['GET /a/b/c', '404'],
      ['GET /shared', '404'],
    ],
    warnings: [],
  },
  {
    what: 'handler, main and index make a folder one function in every language',
    tree: ['a/index.py', 'a/settings.py', 'b/main.js', 'b/core.js', 'c/Index.js', 'c/d.js'],
    rows: [
      ['GET /a', 'a/index.py'],
      ['GET /a/settings', '404'],
      ['GET /b', 'b/main.js'],
      ['GET /b/core', '404'],
      ['GET /c/d', 'c/d.js'],
    ],
    warnings: [],
  },
  {
    what: 'several entry files in one folder are a conflict; compiled JavaScript is not',
    tree: ['multi/handler.js', 'multi/handler.py', 'ts/handler.ts', 'ts/handler.js', 'users.js', 'users/index.js'],
    rows: [
      ['GET /multi', '409'],
      ['GET /ts', 'ts/handler.js'],
      ['GET /users', '409'],
    ],
    warnings: ['route_conflict multi/handler.js', 'route_conflict users.js', 'several_entry_files multi'],
  },
  {
    what: 'a root handler makes the whole project mixed',
    tree: ['handler.js', 'a/list.js', 'a/get.x.js'],
    rows: [
      ['GET /', '404'],
      ['GET /a/list', '404'],
      ['GET /a/x', 'a/get.x.js'],
    ],
    warnings: ['reserved_route handler.js'],
  },
  {
    what: 'a runtime folder may hold explicit loose files, and helpers stay private',
    tree: ['node/get.export.js', 'node/lib/util.js', 'node/hello/handler.js', 'node/users/[id].py'],
    rows: [
      ['GET /node/export', 'node/get.export.js'],
      ['GET /node/lib/util', '404'],
      ['GET /hello', 'node/hello/handler.js'],
      ['GET /node/users/4', 'node/users/[id].py {"id":"4"}'],
      ['GET /node/hello', '404'],
    ],
    warnings: [],
  },
  {
    what: 'an entry file directly in a runtime folder is no function',
    tree: ['node/handler.js', 'node/get.x.js'],
    rows: [
      ['GET /node', '404'],
      ['GET /node/x', '404'],
    ],
    warnings: ['runtime_folder_entry node'],
  },
  {
    what: 'names are paths, at most three parts, of plain letters',
    tree: ['node/api/v1x/users/handler.js', 'node/a/b/c/d/handler.js', 'node/my_fn/handler.js', 'node/b@d/handler.js'],
    rows: [
      ['GET /api/v1x/users', 'node/api/v1x/users/handler.js'],
      ['GET /a/b/c/d', '404'],
      ['GET /my-fn', 'node/my_fn/handler.js'],
      ['GET /b-d', '404'],
    ],
    warnings: ['bad_namespace node/b@d', 'too_deep node/a/b/c'],
  },
  {
    what: 'FN_NAMESPACE_DEPTH is honoured',
    tree: ['node/a/b/c/d/handler.js'],
    options: { namespaceDepth: 4 },
    rows: [['GET /a/b/c/d', 'node/a/b/c/d/handler.js']],
  },
  {
    what: 'an entry file of another language makes no function',
    tree: ['node/foo/handler.py'],
    rows: [['GET /foo', '404']],
    warnings: ['wrong_runtime_entry node/foo'],
  },
  {
    what: 'a folder of versions alone has no default',
    tree: ['node/api/v1/handler.js', 'node/api/v2/handler.js'],
    rows: [
      ['GET /api', '404'],
      ['GET /api@v1', 'node/api/v1/handler.js'],
      ['GET /api/v1', 'node/api/v1/handler.js'],
    ],
    warnings: [],
  },
  {
    what: 'sub-routes of a grouped function run in the language of their file',
    tree: ['node/api/handler.js', 'node/api/get.report.py', 'node/api/util.js', 'node/api/adm/index.js'],
    rows: [
      ['GET /api/report', 'node/api/get.report.py'],
      ['GET /api/adm', 'node/api/adm/index.js'],
      ['GET /api/util', 'node/api/handler.js {"wildcard":"util"}'],
    ],
  },
  {
    what: 'an identity folder is a named function at its path',
    tree: {
      'apps/beta/fn.config.json': { runtime: 'node' },
      'apps/beta/handler.js': '',
      'apps/beta/get.stats.js': '',
      'apps/beta/v2/handler.js': '',
      'apps/gamma/fn.config.json': { name: 'g', entrypoint: 'src/app.js' },
      'apps/gamma/src/app.js': '',
      'apps/gamma/get.x.js': '',
    },
    rows: [
      ['GET /apps/beta', 'apps/beta/handler.js'],
      ['GET /apps/beta/any', 'apps/beta/handler.js {"wildcard":"any"}'],
      ['GET /apps/beta/stats', 'apps/beta/get.stats.js'],
      ['GET /apps/beta@v2', 'apps/beta/v2/handler.js'],
      ['GET /apps/beta/v2', 'apps/beta/v2/handler.js'],
      ['GET /g', 'apps/gamma/src/app.js'],
      ['GET /g/x', 'apps/gamma/get.x.js'],
      ['GET /apps/gamma/x', '404'],
    ],
    warnings: [],
  },
  {
    what: 'two identity folders of one name are a conflict with a warning',
    tree: {
      'a/fn.config.json': { name: 'same' },
      'a/handler.js': '',
      'b/fn.config.json': { name: 'same' },
      'b/handler.js': '',
    },
    rows: [['GET /same', '409']],
    warnings: ['duplicate_function b', 'route_conflict a/handler.js', 'route_conflict a/handler.js'],
  },
  {
    what: 'the grouped function keeps its name against an identity folder',
    tree: {
      'x/fn.config.json': { runtime: 'node', name: 'hello' },
      'x/handler.js': '',
      'x/get.more.js': '',
      'node/hello/handler.js': '',
    },
    rows: [
      ['GET /hello', 'node/hello/handler.js'],
      ['GET /x', '404'],
      ['GET /x/more', 'x/get.more.js'],
    ],
    warnings: ['duplicate_function x/fn.config.json'],
  },
  {
    what: 'an identity without entry file closes its folder, the root stays open below',
    tree: {
      'fn.config.json': { name: 'root' },
      'top.js': '',
      'a/fn.config.json': { runtime: 'node' },
      'a/get.x.js': '',
      'b/x.js': '',
    },
    rows: [
      ['GET /top', '404'],
      ['GET /a/x', '404'],
      ['GET /b/x', 'b/x.js'],
    ],
    warnings: ['identity_without_entry a/fn.config.json', 'identity_without_entry fn.config.json'],
  },
  {
    what: 'routes of a config: braces are parameters, other syntax is refused',
    tree: {
      'f/fn.config.json': { invoke: { routes: ['/u/{id}', '/U/:a/*', '/bad/{a', '/_fn/x', 'rel', '/x/../y'] } },
      'f/handler.js': '',
    },
    rows: [
      ['GET /u/7', 'f/handler.js {"id":"7"}'],
      ['GET /U/1/x/y', 'f/handler.js {"a":"1","wildcard":"x/y"}'],
      ['GET /f', '404'],
    ],
  },
  {
    what: 'without one good route a named function has its default ones',
    tree: { 'f/fn.config.json': { invoke: { routes: ['rel'] } }, 'f/handler.js': '' },
    rows: [['GET /f', 'f/handler.js']],
  },
  {
    what: 'file routes take methods from the config beside them',
    tree: { 'a/fn.config.json': { invoke: { methods: 'get,post' } }, 'a/x.js': '', 'a/put.y.js': '' },
    rows: [
      ['POST /a/x', 'a/x.js'],
      ['PUT /a/x', '405 GET, POST'],
      ['GET /a/y', '405 PUT'],
    ],
  },
  {
    what: 'a home alias gives a folder the route of one of its files',
    tree: {
      'portal/fn.config.json': { home: { route: 'dashboard' } },
      'portal/get.dashboard.js': '',
      'other/fn.config.json': { home: '/nowhere' },
      'other/get.x.js': '',
    },
    rows: [
      ['GET /portal', 'portal/get.dashboard.js'],
      ['GET /portal/dashboard', 'portal/get.dashboard.js'],
      ['GET /other', '404'],
    ],
    warnings: ['home_unresolved other/fn.config.json'],
  },
  {
    what: 'folders of assets and ignored folders are not searched',
    tree: {
      'fn.config.json': { assets: { directory: 'public' }, zero_config: { ignore_dirs: 'Skip, a/b' }, zero_config_ignore_dirs: ['two'] },
      'public/app.js': '',
      'skip/x.js': '',
      'two/x.js': '',
      'three/x.js': '',
    },
    options: { ignoreDirs: ['three'] },
    rows: [
      ['GET /public/app', '404'],
      ['GET /skip/x', '404'],
      ['GET /two/x', '404'],
      ['GET /three/x', '404'],
    ],
  },
  {
    what: 'reserved paths are refused at discovery',
    tree: ['get.js', 'openapi.js', 'system/metrics.js', 'console/index.js', 'consolex/a.js', 'docs.js'],
    rows: [
      ['GET /system/metrics', '404'],
      ['GET /console', '404'],
      ['GET /consolex/a', 'consolex/a.js'],
      ['GET /docs', 'docs.js'],
    ],
    warnings: ['reserved_route console/index.js', 'reserved_route get.js', 'reserved_route system/metrics.js'],
  },
  {
    what: 'a catch-all at the root does not answer for the control plane',
    tree: ['[...all].js'],
    rows: [
      ['GET /x', '[...all].js {"all":"x"}'],
      ['GET /_fn/health', '404'],
      ['GET /%5Ffn/health', '404'],
      ['GET /Console', '404'],
      ['GET /fastfn.JSON', '404'],
      ['GET /_fnx', '[...all].js {"all":"_fnx"}'],
      ['GET /', '404'],
    ],
  },
  {
    what: 'static before dynamic, and a miss falls through to the next pattern',
    tree: ['users/get.me.js', 'users/post.[id].js', 'x/[...a].js', '[a]/y.js'],
    rows: [
      ['GET /users/me', 'users/get.me.js'],
      ['POST /users/me', 'users/post.[id].js {"id":"me"}'],
      ['DELETE /users/me', '405 GET, POST'],
      ['GET /x/y', '[a]/y.js {"a":"x"}'],
      ['GET /x/z/y', 'x/[...a].js {"a":"z/y"}'],
    ],
  },
  {
    what: 'a catch-all in the middle takes as much as it can',
    tree: ['files/[...path]/get.meta.js'],
    rows: [
      ['GET /files/a/b/meta', 'files/[...path]/get.meta.js {"path":"a/b"}'],
      ['GET /files/meta/meta', 'files/[...path]/get.meta.js {"path":"meta"}'],
      ['GET /files/meta', '404'],
    ],
  },
  {
    what: 'an explicit method beats inherited methods; a manifest beats a file',
    tree: {
      'fn.config.json': { invoke: { methods: ['GET'] } },
      'users/post.js': '',
      'm.js': '',
      'z/fn.routes.json': { routes: { '/m': 'other.js' } },
      'z/other.js': '',
    },
    rows: [
      ['POST /users', 'users/post.js'],
      ['GET /m', 'z/other.js'],
    ],
    warnings: ['shadowed_route m.js'],
  },
];

describe('routing: trees and what answers', () => {
  for (const { what, tree, options, rows, warnings } of cases) {
    it(what, async (t) => {
      const catalog = await scanTree(t, tree, options);
      const seen = rows.map(([request, , host]) => `${request} → ${ask(catalog, request, host)}`);
      assert.deepEqual(
        seen,
        rows.map(([request, answer]) => `${request} → ${answer}`),
      );
      if (warnings !== undefined) assert.deepEqual(warningsOf(catalog), [...warnings].sort());
    });
  }
});
