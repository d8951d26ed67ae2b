// `cjson` and `json`: what goes in comes out again, null, empty lists and any bytes included; too deep is an error.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonOf, loadedSource, suiteWorker } from './lua-worker.ts';

const source = `
local safe = require("cjson.safe")
local function nested(depth)
  local value = "x"
  for _ = 1, depth do value = { value } end
  return value
end
local ways = {
  again = function(text) return { body = cjson.encode(cjson.decode(text)) } end,
  encode = function(text) return { body = require("json").encode(nested(tonumber(text))) } end,
  decode = function(text) return cjson.decode(("["):rep(tonumber(text)) .. ("]"):rep(tonumber(text))) end,
  safe = function(text) local value, reason = safe.decode(text) return { value == nil, type(reason) } end,
  ["safe-encode"] = function() local value, reason = safe.encode(print) return { value == nil, reason } end,
  raw = function() return { body = cjson.encode({ "\\255\\0\\n\\"\\127", cjson.decode('"\\255\\\\u00e9\\\\\\\\u00e9"') }) } end,
  types = function()
    local value = cjson.decode('{"i":1,"f":1.5,"b":true,"n":null,"s":"\\\\u00fc\\\\ud83d\\\\ude00","e":[]}')
    return { math.type(value.i), math.type(value.f), value.b, value.n == cjson.null, #value.s, #value.e, tostring(cjson) == tostring(json) }
  end,
  settings = function()
    local own = { cjson.encode_max_depth(), cjson.encode_max_depth(2), cjson.encode_empty_table_as_object(false) }
    own[4] = cjson.encode({})
    own[5] = select(2, pcall(cjson.encode, nested(3)))
    own[6] = select(2, pcall(cjson.decode_max_depth, 0))
    cjson.encode_empty_table_as_object(true)
    cjson.encode_max_depth(1000)
    return own
  end,
  base64 = function() local base64 = require("base64") return { body = base64.decode(base64.encode("\\255\\0x")) } end,
  unequal = function() return select(2, pcall(require("base64").decode, "***")) end,
}
function handler(event) return ways[event.query.case](event.body) end`;

describe('cjson in Lua', () => {
  const worker = suiteWorker((owner) => loadedSource(owner, source));
  const ask = (name: string, body: string | null = null) =>
    worker().invoke({ event: { query: { case: name } }, body });

  for (const text of [
    '{"a":[],"b":null,"c":{},"d":[1,2.5,"x",[null]]}',
    '[null,null]',
    '"a\\u0000b"',
    '9007199254740991',
    'null',
    '{"":1,"__proto__":2}',
  ]) {
    it(`${text} comes out as it went in`, async () => {
      assert.equal((await ask('again', text)).body.toString('utf8'), text);
    });
  }

  it('values have Lua’s types, and both names are one module', async () => {
    assert.deepEqual(jsonOf(await ask('types')), ['integer', 'float', true, true, 6, 0, true]);
  });

  it('any byte survives, beside escapes of the same text', async () => {
    const expected = Buffer.from('["\xff\\u0000\\n\\"\x7f","\xff\xc3\xa9\\\\u00e9"]', 'latin1');
    assert.deepEqual((await ask('raw')).body, expected);
  });

  it('nesting has a limit both ways, and the worker lives on', async () => {
    assert.equal((await ask('encode', '1000')).error, null);
    assert.match((await ask('encode', '1001')).error ?? '', /Cannot serialise, excessive depth \(1001\)$/);
    assert.equal((await ask('decode', '999')).error, null);
    assert.match(
      (await ask('decode', '100000')).error ?? '',
      /Found too many nested data structures \(1001\)$/,
    );
  });

  it('cjson.safe gives nil and the reason', async () => {
    assert.deepEqual(jsonOf(await ask('safe', '{"a":')), [true, 'string']);
    assert.deepEqual(jsonOf(await ask('safe-encode')), [
      true,
      'Cannot serialise function: type not supported',
    ]);
  });

  it('broken JSON is an error of the handler’s, with its line', async () => {
    assert.match((await ask('again', '{"a":')).error ?? '', /^lua handler error: handler\.lua:\d+: /);
  });

  it('settings hold for the module', async () => {
    const [before, set, empty, list, deep, refused] = jsonOf(await ask('settings')) as unknown[];
    assert.deepEqual([before, set, empty, list], [1000, 2, false, '[]']);
    assert.match(String(deep), /excessive depth \(3\)/);
    assert.match(String(refused), /expected integer between 1 and/);
  });

  it('base64 carries bytes', async () => {
    assert.deepEqual((await ask('base64')).body, Buffer.from([0xff, 0x00, 0x78]));
    assert.match((await ask('unequal')).body.toString(), /not base64/);
  });
});
