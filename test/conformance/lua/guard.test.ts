// What Lua code finds of the world around its machine, without a kernel jail and with the permission model off: the language's
// own layer alone (contract/sandbox.md, "Lua global table", E14, E16, E17).

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { type Answer, WorkerProcess } from '../harness.ts';
import { jsonOf, loadedSource, luaFolder, luaProgram, suiteWorker } from './lua-worker.ts';

const absent = [
  'io',
  'load',
  'loadstring',
  'loadfile',
  'dofile',
  'debug',
  'package',
  'ffi',
  'jit',
  'ngx',
  'js',
  'os.execute',
  'os.exit',
  'os.remove',
  'os.rename',
  'os.tmpname',
  'os.setlocale',
  'string.dump',
];

const source = `
local ways = {
  lookup = function(name)
    local value = _G
    for part in name:gmatch("[^.]+") do value = value[part] end
    return type(value)
  end,
  require = function(name) return { pcall(require, name) } end,
  tables = function() return { type(getmetatable("").__index), type(coroutine.running()) } end,
  getenv = function(name) return tostring(os.getenv(name)) end,
}
function handler(event) return ways[event.query.case](event.body) end`;

/** A worker without any layer around it, whose folder has links that lead out of it. */
async function bare(owner: Parameters<typeof luaFolder>[0], strict: boolean): Promise<WorkerProcess> {
  const entry = luaFolder(owner, {
    'handler.lua': source,
    'own.lua': 'return "own"',
    'bad.lua': 'x x',
    'fails.lua': 'error("no")',
  });
  const folder = dirname(entry);
  const neighbour = luaFolder(owner, { 'secret.lua': 'return "secret"', 'data.json': '{"SECRET":1}' });
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'sub/loop.lua'), 'return require("sub.loop")');
  writeFileSync(join(folder, 'bytecode.lua'), Buffer.from('\x1bLua\x54\x00\x19\x93', 'latin1'));
  symlinkSync(join(dirname(neighbour), 'secret.lua'), join(folder, 'link.lua'));
  symlinkSync(join(dirname(neighbour), 'data.json'), join(folder, 'data.lua'));
  symlinkSync(dirname(neighbour), join(folder, 'linked'));
  const { file, args } = luaProgram(folder);
  const worker = new WorkerProcess({
    file,
    args: args.slice(args.findIndex((arg) => !arg.startsWith('--'))),
  });
  owner.after(() => worker.close());
  const verdict = await worker.load({ entry, strict, env: { KEY: 'own' } });
  assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  return worker;
}

describe('what a Lua function can reach', () => {
  const worker = suiteWorker((owner) => bare(owner, true));
  const ask = (name: string, body: string): Promise<Answer> =>
    worker().invoke({ event: { query: { case: name } }, body });

  for (const name of absent) {
    it(`${name} is nil`, async () => {
      assert.equal((await ask('lookup', name)).body.toString(), 'nil');
    });
  }

  for (const name of ['os.time', 'table.unpack', 'utf8.char', 'coroutine.wrap', 'setmetatable', 'rawget']) {
    it(`${name} is there`, async () => {
      assert.equal((await ask('lookup', name)).body.toString(), 'function');
    });
  }

  for (const name of [
    'os_execute',
    '../secret',
    '..secret',
    'linked.secret',
    'link',
    'data',
    '/etc/passwd',
    'own\0',
    '',
    'missing',
    'io',
    'x'.repeat(10_000),
  ]) {
    it(`require of ${JSON.stringify(name.slice(0, 20))} is refused`, async () => {
      const [found, reason] = jsonOf(await ask('require', name)) as [boolean, string];
      assert.equal(found, false);
      assert.ok(reason.endsWith(`module not allowed in lua runtime: ${name.slice(0, 512)}`), reason);
    });
  }

  for (const [name, found, answer] of [
    ['own', true, /^own$/],
    ['bad', false, /failed to load lua module: bad\.lua:1: syntax error/],
    ['fails', false, /lua module error: fails\.lua:1: no$/],
    ['sub.loop', false, /lua module error: .*sub\.loop requires itself$/],
    ['bytecode', false, /failed to load lua module: .*attempt to load a binary chunk/],
  ] as const) {
    it(`require of ${name}: ${found ? 'its value' : 'the reason'}`, async () => {
      const [succeeded, value] = jsonOf(await ask('require', name)) as [boolean, string];
      assert.equal(succeeded, found);
      assert.match(value, answer);
    });
  }

  it('the environment is the function’s own', async () => {
    assert.equal((await ask('getenv', 'KEY')).body.toString(), 'own');
    for (const name of ['PATH', '__proto__', 'FN_ADMIN_TOKEN']) {
      assert.equal((await ask('getenv', name)).body.toString(), 'nil', name);
    }
  });

  it('two functions have two machines', async (test) => {
    const poisoner = await loadedSource(
      test,
      'string.format = nil cjson.encode = nil return function() return type(string.format) end',
    );
    assert.equal((await poisoner.invoke()).body.toString(), 'nil');
    assert.equal((await ask('lookup', 'string.format')).body.toString(), 'function');
  });
});

describe('a Lua function without its sandbox', () => {
  it('links lead where they lead', async (test) => {
    const worker = await bare(test, false);
    const answer = await worker.invoke({ event: { query: { case: 'require' } }, body: 'linked.secret' });
    assert.deepEqual(jsonOf(answer), [true, 'secret']);
  });
});
