// What a handler is given, over real HTTP and in real jailed workers (contract/invocation.md 3, 5 and 6). The languages must
// agree about the event. What needs no HTTP is in test/conformance.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Ask, ask } from './support/http.ts';
import { echoJs, echoPy } from './support/tree.ts';

const languages = ['node', 'python'] as const;
const methods = JSON.stringify({ invoke: { methods: ['GET', 'POST'] } });

describe('the event', () => {
  let gateway: TestGateway;
  before(async () => {
    const environment = JSON.stringify({
      TEXT: 'plain',
      NUMBER: 5,
      YES: true,
      NO: { value: false },
      NOTHING: null,
      NO_VALUE: { is_secret: true },
      KEY: { value: 'hidden-word', is_secret: true },
    });
    gateway = await startTestGateway({
      'js/fn.config.json': methods,
      'py/fn.config.json': methods,
      'js/index.js': echoJs('node'),
      'js/p/[id].js': echoJs('node'),
      'js/rest/[...slug].js': echoJs('node'),
      'js/maybe/[[...slug]].js': echoJs('node'),
      'py/main.py': echoPy('python'),
      'py/p/[id].py': echoPy('python'),
      'py/rest/[...slug].py': echoPy('python'),
      'py/maybe/[[...slug]].py': echoPy('python'),
      'set/js/fn.env.json': environment,
      'set/js/handler.js': echoJs('set'),
      'set/js/v2/handler.js': echoJs('set v2'),
      'set/py/fn.env.json': environment,
      'set/py/handler.py': echoPy('set'),
      'set/py/v2/handler.py': echoPy('set v2'),
    });
  });
  after(() => gateway.close());

  // biome-ignore lint/suspicious/noExplicitAny: a row reads the part of the event that it is about.
  type Event = any;
  const eventOf = async (target: string, options?: Ask): Promise<Event> => {
    const answer = await ask(gateway.url, target, options);
    assert.equal(answer.status, 200, answer.text);
    return answer.json().event;
  };

  const rows: readonly (readonly [
    promise: string,
    target: string,
    options: Ask,
    check: (event: Event) => void,
  ])[] = [
    [
      'a GET has no body, and no cookie is no session: null',
      '',
      {},
      (event) => {
        assert.deepEqual([event.body, event.is_base64, event.body_base64], [null, false, null]);
        assert.equal(event.session, null);
      },
    ],
    [
      'a body of length 0 is no body',
      '',
      { method: 'POST', headers: { 'content-length': '0' } },
      (event) => assert.deepEqual([event.body, event.is_base64, event.body_base64], [null, false, null]),
    ],
    [
      'a JSON body stays the text that was sent',
      '',
      { method: 'POST', body: '{"a": 1, "é": "😀"}', headers: { 'content-type': 'application/json' } },
      (event) => assert.deepEqual([event.body, event.is_base64], ['{"a": 1, "é": "😀"}', false]),
    ],
    [
      'bytes that are no UTF-8 can be had back unchanged',
      '',
      { method: 'POST', body: Buffer.from([0xff, 0x00, 0x80]) },
      (event) => assert.deepEqual([event.body, event.is_base64, event.body_base64], [null, true, '/wCA']),
    ],
    [
      'a query keeps repeated, bare and empty keys apart',
      '?a=1&a=2&b&c=&d&d=1&e=x+y%21',
      {},
      (event) => assert.deepEqual(event.query, { a: ['1', '2'], b: true, c: '', d: [true, '1'], e: 'x y!' }),
    ],
    [
      'the public cannot say who the user is',
      `?__fnctx=${Buffer.from('{"id":"admin"}').toString('base64')}&x=1`,
      {},
      (event) => {
        assert.equal(event.context.user, null);
        assert.deepEqual(event.query, { x: '1' });
      },
    ],
    [
      'two Cookie headers are one session; a value keeps its equals signs',
      '',
      { headers: { cookie: ['a=b=c; flag', 'sid=9; a=last'] } },
      (event) => {
        assert.deepEqual(event.session.cookies, { a: 'last', sid: '9' });
        assert.equal(event.session.id, '9');
        assert.equal(event.session.raw, 'a=b=c; flag; sid=9; a=last');
      },
    ],
    [
      'header names are lower-case, repeated ones a list',
      '',
      { headers: { 'X-A': ['1', '2'], 'User-Agent': 'test/1', Authorization: 'Bearer x' } },
      (event) => {
        assert.deepEqual(event.headers['x-a'], ['1', '2']);
        assert.equal(event.headers.authorization, 'Bearer x');
        assert.deepEqual(event.client, { ip: '127.0.0.1', ua: 'test/1' });
      },
    ],
    [
      'a function without environment has an empty one, and no secrets',
      '',
      {},
      (event) => {
        assert.deepEqual(event.env, {});
        assert.ok(!('secrets' in event));
      },
    ],
    [
      'a segment is decoded once, a plus stays',
      '/p/a%2Fb+c%2541',
      {},
      (event) => {
        assert.deepEqual(event.params, { id: 'a/b+c%41' });
        assert.deepEqual(event.path_params, { id: 'a/b+c%41' });
        assert.ok(event.raw_path.endsWith('/p/a%2Fb+c%2541'));
      },
    ],
    [
      'a catch-all keeps its slashes',
      '/rest/a/b%20c',
      {},
      (event) => assert.deepEqual(event.params, { slug: 'a/b c' }),
    ],
    [
      'a catch-all that matched nothing has no key',
      '/maybe',
      {},
      (event) => assert.deepEqual(event.params, {}),
    ],
    [
      'the context says who is called, how long, and how many at once',
      '',
      {},
      (event) => {
        const { context } = event;
        assert.equal(context.request_id, event.id);
        assert.equal(context.version, 'default');
        assert.equal(event.version, 'default');
        assert.deepEqual(
          [context.timeout_ms, context.max_concurrency, context.max_body_bytes],
          [2500, 20, 1_048_576],
        );
        assert.equal(context.worker_pool.enabled, false);
        assert.equal(context.worker_pool.max_workers, 20);
        assert.equal(context.gateway.worker_pid, process.pid);
        assert.deepEqual(context.debug, { enabled: false });
      },
    ],
  ];
  for (const language of languages) {
    for (const [promise, target, options, check] of rows) {
      test(`${language}: ${promise}`, async () => {
        check(await eventOf(`/${language === 'node' ? 'js' : 'py'}${target}`, options));
      });
    }
  }

  test('both languages see the same keys', async () => {
    const [node, python] = await Promise.all([eventOf('/js/p/7?a'), eventOf('/py/p/7?a')]);
    assert.deepEqual(Object.keys(python).sort(), Object.keys(node).sort());
    assert.deepEqual(Object.keys(python.context).sort(), Object.keys(node.context).sort());
  });

  test('a malformed escape is 400', async () => {
    for (const name of ['js', 'py']) assert.equal((await ask(gateway.url, `/${name}/p/%zz`)).status, 400);
  });

  test('environment values become text the same way, and a version inherits nothing', async () => {
    for (const name of ['js', 'py']) {
      const { env } = await eventOf(`/set/${name}`);
      assert.deepEqual(env, { TEXT: 'plain', NUMBER: '5', YES: 'true', NO: 'false', KEY: 'hidden-word' });
      const second = await eventOf(`/set/${name}@v2`);
      assert.deepEqual(second.env, {});
      assert.equal(second.version, 'v2');
    }
  });
});

describe('parameters', () => {
  const python = {
    named: 'def handler(event, id):\n    return id\n',
    any: 'def handler(event, **kw):\n    return kw\n',
    keyword: 'def handler(event, *, id=None):\n    return id\n',
    none: 'def handler():\n    return "nothing"\n',
    some: 'def handler(event, id, lang="en"):\n    return id + " " + lang\n',
    rest: 'def handler(*args):\n    return len(args)\n',
    missing: 'def handler(event, other):\n    return other\n',
    fallback: 'def main(event, id):\n    return "main " + id\n',
    coroutine: 'async def handler(event, id):\n    return id\n',
  };
  const node = {
    second: 'exports.handler = async (event, { id }) => id;\n',
    preset: 'exports.handler = (event, { id } = {}) => id;\n',
    exported: "module.exports = async (event, { id }) => 'direct ' + id;\n",
    module: "export default (event, { id }) => 'module ' + id;\n",
    member: "export default { handler: (event, { id }) => 'member ' + id };\n",
  };
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(
      Object.fromEntries([
        ...Object.entries(python).map(([name, text]) => [`py/${name}/[id].py`, text]),
        ...Object.entries(node).map(([name, text]) => [`js/${name}/[id].js`, text]),
      ]),
    );
  });
  after(() => gateway.close());

  const rows: readonly (readonly [target: string, status: number, body: string])[] = [
    ['/js/second/7', 200, '7'],
    ['/js/preset/7', 200, '7'],
    ['/js/exported/7', 200, 'direct 7'],
    ['/js/module/7', 200, 'module 7'],
    ['/js/member/7', 200, 'member 7'],
    ['/py/named/7', 200, '7'],
    ['/py/any/7', 200, '{"id":"7"}'],
    ['/py/keyword/7', 200, '7'],
    ['/py/none/7', 200, 'nothing'],
    ['/py/some/7', 200, '7 en'],
    ['/py/rest/7', 200, '1'],
    ['/py/fallback/7', 200, 'main 7'],
    ['/py/coroutine/7', 200, '7'],
  ];
  for (const [target, status, body] of rows) {
    test(`${target} → ${body}`, async () => {
      const answer = await ask(gateway.url, target);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.text, body);
    });
  }

  test('a parameter that the route lacks is 500 with the words of Python', async () => {
    const answer = await ask(gateway.url, '/py/missing/7');
    assert.equal(answer.status, 500);
    assert.match(answer.json().error, /missing 1 required positional argument: 'other'/);
  });
});
