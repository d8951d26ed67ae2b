// Trees beyond the contract's own list: one rule of discovery each.

import type { TreeCase } from './tree-case.ts';

export const layoutCases: readonly TreeCase[] = [
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
    tree: [
      'multi/handler.js',
      'multi/handler.py',
      'ts/handler.ts',
      'ts/handler.js',
      'users.js',
      'users/index.js',
    ],
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
    tree: [
      'node/api/v1x/users/handler.js',
      'node/a/b/c/d/handler.js',
      'node/my_fn/handler.js',
      'node/b@d/handler.js',
    ],
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
      'f/fn.config.json': {
        invoke: { routes: ['/u/{id}', '/U/:a/*', '/bad/{a', '/_fn/x', 'rel', '/x/../y'] },
      },
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
      'fn.config.json': {
        assets: { directory: 'public' },
        zero_config: { ignore_dirs: 'Skip, a/b' },
        zero_config_ignore_dirs: ['two'],
      },
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
    warnings: [
      'reserved_route console/index.js',
      'reserved_route get.js',
      'reserved_route system/metrics.js',
    ],
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
