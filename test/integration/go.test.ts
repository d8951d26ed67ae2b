// Go functions behind a whole gateway: compiled in the jail by the host's Go, run in the jail, called over HTTP
// (contract/dependencies.md 6 and "Worth testing" 28, 29; contract/invocation.md 5 and 6; contract/sandbox.md E19).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initTemplates } from '../../src/control/function-templates.ts';
import { behaviours, reasonToSkip } from '../conformance/compiled-worker.ts';
import { CompiledGateway, forgetPrograms, testEveryCompiled } from './support/compiled-gateway.ts';

const skip = await reasonToSkip('go');

const behaviour = (name: string) => readFileSync(join(behaviours, name), 'utf8');
const handler = (body: string, imports = '') =>
  `package main\n${imports}\nfunc handler(event map[string]interface{}) interface{} {\n\t${body}\n}\n`;

const module = 'module example.test/ids\n\ngo 1.21\n\nrequire github.com/google/uuid v1.6.0\n';
const sum = [
  'github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=',
  'github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=',
  '',
].join('\n');
const ids = handler('return len(uuid.NewString())', '\nimport "github.com/google/uuid"\n');

const tree = {
  'made/handler.go': initTemplates.go.files('made')['handler.go'] ?? '',
  'made/fn.config.json': initTemplates.go.files('made')['fn.config.json'] ?? '',
  'users/[id].go': handler(
    'return event["id"].(string) + " " + event["params"].(map[string]interface{})["id"].(string)',
  ),
  'all/handler.go': behaviour('handler.go'),
  'all/_golden.go': behaviour('_golden.go'),
  'all/_reach.go': behaviour('_reach.go'),
  'all/fn.config.json': JSON.stringify({ invoke: { methods: ['GET', 'POST'] }, include_debug_headers: true }),
  'all/fn.env.json': '{"AT_START": "set"}',
  'helped/handler.go': handler('return Helped() + lib.Name', '\nimport "function/lib"\n'),
  'helped/_helper.go': 'package main\n\nfunc Helped() string { return "helped by " }\n',
  'helped/lib/lib.go': 'package lib\n\nconst Name = "a folder"\n',
  'fails/handler.go':
    'package main\n\nimport "errors"\n\nfunc handler() error { return errors.New("nothing but an error") }\n',
  'asked/handler.go':
    'package main\n\nimport (\n\t"context"\n\t"encoding/json"\n)\n\nfunc Handler(ctx context.Context, event json.RawMessage) (int, error) {\n\t_, timed := ctx.Deadline()\n\tif !timed {\n\t\treturn 0, nil\n\t}\n\treturn len(event), nil\n}\n',
  'strange/handler.go': 'package main\n\nfunc handler(a, b, c int) (int, int) { return a, b + c }\n',
  'ids/handler.go': ids,
  'ids/go.mod': module,
  'ids/go.sum': sum,
  'broken/handler.go': 'package main\n\nfunc handler(event map[string]any) any {\n\treturn nope\n}\n',
  'nohandler/handler.go': 'package main\n\nfunc other() {}\n',
  'steals/handler.go': handler(
    'return secret',
    '\nimport _ "embed"\n\n//go:embed /etc/passwd\nvar secret string\n',
  ),
  'cgo/handler.go': handler('return int(C.f())', '\n// int f() { return 1; }\nimport "C"\n'),
};

describe('go behind the gateway', { skip }, () => {
  const subject = new CompiledGateway();

  before(() => {
    forgetPrograms('go');
    return subject.start(tree);
  });
  after(subject.close);

  test('the template of fastfn init, a path parameter, helpers in files and folders', async () => {
    assert.deepEqual(await subject.json('/made?name=new'), { message: 'Hello, new!' });
    assert.equal((await subject.answer('/users/a%2Fb')).text, 'a/b a/b');
    assert.equal((await subject.answer('/helped')).text, 'helped by a folder');
  });

  test('bytes reach the handler, the environment too, panics are 500 and the worker lives', async () => {
    const post = { method: 'POST', body: Buffer.from([0xff, 0x00, 0x80]) };
    const seen = (await subject.json('/all', post)) as { atStart: string; event: Record<string, unknown> };
    assert.equal(seen.event['body_base64'], '/wCA');
    assert.equal((seen.event['context'] as { runtime: string }).runtime, 'go');
    assert.equal(seen.atStart, 'set');
    const pids = () => subject.gateway.workers().map(({ pid }) => pid);
    const before = pids();
    const failed = await subject.answer('/all?case=panic');
    assert.deepEqual([failed.status, failed.json().error], [500, 'go handler panicked: on purpose']);
    assert.equal((await subject.answer('/all?case=count')).text, '1');
    assert.deepEqual(pids(), before);
  });

  testEveryCompiled(subject);

  test('a handler may take and give what it likes, within what can be called', async () => {
    const failed = await subject.answer('/fails');
    assert.deepEqual([failed.status, failed.json().error], [500, 'nothing but an error']);
    assert.ok(Number((await subject.answer('/asked')).text) > 100);
    const strange = await subject.answer('/strange');
    assert.equal(strange.status, 500);
    assert.match(
      strange.json().error,
      /^cannot call the handler func\(int, int, int\) \(int, int\); accepted: func handler/,
    );
  });

  test('a module of the registry that go.sum locks is used', async () => {
    assert.equal((await subject.answer('/ids')).text, '36');
  });

  test('what cannot be built says why, without paths of this host; mended, it is served', async () => {
    const broken = await subject.answer('/broken');
    assert.equal(broken.json().code, 'not_built');
    assert.match(broken.json().error, /^go build failed: [\s\S]*\bhandler\.go:4:9: undefined: nope/);
    const nameless = await subject.answer('/nohandler');
    assert.match(nameless.json().error, /go handler symbol not found \(expected func handler\(event map/);
    await subject.change({ 'broken/handler.go': handler('return "mended"') });
    assert.equal((await subject.answer('/broken')).text, 'mended');
  });

  test('a build takes nothing of the host with it: no file, no C', async () => {
    assert.match(
      (await subject.answer('/steals')).json().error,
      /^go build failed: [\s\S]*invalid pattern syntax/,
    );
    assert.match((await subject.answer('/cgo')).json().error, /^go build failed: /);
  });

  test('a helper that changes is compiled in; the old program serves until then', async () => {
    await subject.change({
      'helped/_helper.go': 'package main\n\nfunc Helped() string { return "changed in " }\n',
    });
    await subject.eventually('/helped', 'changed in a folder');
  });

  test('another gateway finds what was made, and compiles nothing', async (context) => {
    const second = new CompiledGateway();
    context.after(second.close);
    const same = [
      'made/handler.go',
      'made/fn.config.json',
      'ids/handler.go',
      'ids/go.mod',
      'ids/go.sum',
    ] as const;
    await second.start(Object.fromEntries(same.map((path) => [path, tree[path]])), { GOPROXY: 'off' });
    assert.deepEqual(await second.json('/made?name=again'), { message: 'Hello, again!' });
    assert.equal((await second.answer('/ids')).text, '36');
    assert.equal(second.builds(), 0);
  });

  test('a build that takes too long is ended and says so', async (context) => {
    const hurried = new CompiledGateway();
    context.after(hurried.close);
    // Nothing is compiled yet where it looks, and its standard library takes longer than this.
    const variables = { FN_STATE_DIR: '.fastfn', FN_GO_BUILD_TIMEOUT_S: '1' };
    await hurried.start(
      { 'slow/handler.go': ids.replace('uuid.NewString()', '"x"').replace(/import "git.*\n/, '') },
      variables,
    );
    assert.match((await hurried.answer('/slow')).json().error, /^go build timeout after 1\.0s/);
  });
});
