// What a handler says and how it ends: captured output, the log, secrets, the deadline and a client that leaves, with real
// workers (contract/invocation.md 10 and 11).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { type RecordingLog, recordingLog } from './support/recording-log.ts';

const timeoutMs = 400;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('output and ends of a handler', () => {
  let gateway: TestGateway;
  let recorded: RecordingLog;
  before(async () => {
    recorded = recordingLog();
    gateway = await startTestGateway(
      {
        'fn.config.json': JSON.stringify({ timeout_ms: timeoutMs, include_debug_headers: true }),
        'get.throws.js':
          "exports.handler = () => { console.log('before the throw'); throw new Error('x'); };\n",
        'get.throws-py.py': 'def handler(event):\n    print("before the throw")\n    raise ValueError("x")\n',
        'get.waits.js':
          "exports.handler = () => { console.log('began to wait'); return new Promise(() => {}); };\n",
        'get.spins.js': "exports.handler = () => { console.log('began to spin'); for (;;); };\n",
        'get.waits-py.py':
          'import time\ndef handler(event):\n    print("began to wait")\n    time.sleep(30)\n',
        'get.spins-py.py': 'def handler(event):\n    print("began to spin")\n    while True:\n        pass\n',
        'get.awaits-py.py':
          'import asyncio\nasync def handler(event):\n    print("began to wait")\n    await asyncio.sleep(30)\n',
        'get.dies.js':
          "exports.handler = () => { console.log('last words'); process.kill(process.pid, 'SIGKILL'); };\n",
        'get.dies-py.py': 'import os\ndef handler(event):\n    print("last words")\n    os._exit(3)\n',
        'get.listens.js': `exports.handler = (event) => new Promise((done) => {
          event.signal.addEventListener('abort', () => {
            console.log('told to end by ' + event.signal.reason.name);
            done('ended');
          });
        });\n`,
        'get.listens-py.py': `import asyncio
async def handler(event):
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        print("told to end")
        raise\n`,
        'get.says.js': `exports.handler = async (event) => {
          const { name, ms } = event.query;
          console.log(name + ' begins', { deep: { list: [1] } });
          await new Promise((done) => setTimeout(done, Number(ms)));
          console.warn(name + ' ends');
          process.stdout.write('written\\n');
          return name;
        };\n`,
        'get.says-py.py': `import asyncio, sys
async def handler(event):
    name, ms = event["query"]["name"], event["query"]["ms"]
    print(name, "begins", {"deep": [1]})
    await asyncio.sleep(int(ms) / 1000)
    print(name, "ends", file=sys.stderr)
    sys.stdout.write("written\\n")
    return name\n`,
      },
      {},
      recorded.log,
    );
  });
  after(() => gateway.close());

  /** Lines that an invocation printed, as the log has them, once there are any. */
  const printed = async (id: unknown): Promise<readonly string[]> => {
    const find = () => recorded.saying('[fn:').filter((line) => line.id === id);
    await eventually(() => assert.notEqual(find().length, 0), 2000);
    return find().map(({ msg }) => msg);
  };

  for (const [name, said] of [
    ['throws', 'before the throw'],
    ['throws-py', 'before the throw'],
    ['dies', 'last words'],
    ['dies-py', 'last words'],
  ] as const) {
    test(`${name}: what it printed is in the log and in the debug header`, async () => {
      const answer = await ask(gateway.url, `/${name}`);
      assert.ok(answer.status >= 500);
      const extension = name.endsWith('-py') ? 'py' : 'js';
      assert.deepEqual(await printed(answer.headers['x-request-id']), [
        `[fn:get.${name}.${extension}@default stdout] ${said}`,
      ]);
      assert.equal(decodeURIComponent(String(answer.headers['x-fn-stdout'])), said);
    });
  }

  for (const name of ['waits', 'spins', 'waits-py', 'spins-py', 'awaits-py']) {
    test(`${name}: past its deadline it is 504, ended, heard, and not run again`, async () => {
      const began = performance.now();
      const answer = await ask(gateway.url, `/${name}`);
      const tookMs = performance.now() - began;
      assert.equal(answer.status, 504, answer.text);
      assert.equal(answer.json().error, 'runtime timeout');
      assert.ok(tookMs < timeoutMs + 250, `${tookMs} ms`);
      const lines = await printed(answer.headers['x-request-id']);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /began to/);
      await eventually(() => {
        const of = gateway.workers().filter((worker) => worker.functionKey.includes(`get.${name}.`));
        if (name !== 'awaits-py') assert.deepEqual(of, []);
      });
    });
  }

  for (const name of ['listens', 'listens-py']) {
    test(`${name}: a handler that ends when told to keeps its worker, at the deadline and when the client leaves`, async () => {
      const late = await ask(gateway.url, `/${name}`);
      assert.equal(late.status, 504, late.text);
      const [line] = await printed(late.headers['x-request-id']);
      assert.match(line ?? '', name === 'listens' ? /told to end by TimeoutError$/ : /told to end$/);
      const worker = gateway.workers().find(({ functionKey }) => functionKey.includes(`get.${name}.`));
      assert.ok(worker !== undefined);

      const id = `left-${name}`;
      const controller = new AbortController();
      const left = ask(gateway.url, `/${name}`, {
        headers: { 'x-request-id': id },
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(left);
      const [said] = await printed(id);
      assert.match(said ?? '', name === 'listens' ? /told to end by AbortError$/ : /told to end$/);
      const done = () => recorded.saying('invocation').find((entry) => entry.id === id);
      await eventually(() => assert.equal(done()?.status, 499));
      assert.ok(isAlive(worker.pid));
    });
  }

  for (const [name, shown] of [
    ['says', '{ deep: { list: [ 1 ] } }'],
    ['says-py', "{'deep': [1]}"],
  ] as const) {
    test(`${name}: calls that overlap keep their output apart`, async () => {
      const [slow, quick] = await Promise.all([
        ask(gateway.url, `/${name}?name=slow&ms=60`),
        ask(gateway.url, `/${name}?name=quick&ms=5`),
      ]);
      for (const [answer, who] of [
        [slow, 'slow'],
        [quick, 'quick'],
      ] as const) {
        assert.equal(answer.text, who);
        const stdout = decodeURIComponent(String(answer.headers['x-fn-stdout']));
        assert.equal(stdout, `${who} begins ${shown}\nwritten`);
        assert.equal(answer.headers['x-fn-stderr'], `${who} ends`);
      }
      const later = await ask(gateway.url, `/${name}?name=later&ms=0`);
      assert.equal(later.headers['x-fn-stderr'], 'later ends');
    });
  }
});

describe('what must not be seen', () => {
  const environment = JSON.stringify({
    API_WORD: { value: 'wood-pigeon-17', is_secret: true },
    DB_PASSWORD: 'never-say-this',
    PLACE: 'attic',
  });
  const tree = {
    'leaks/fn.env.json': environment,
    'leaks/fn.config.json': JSON.stringify({ include_debug_headers: true }),
    'leaks/get.js': `exports.handler = (event) => {
      console.log('key', event.env.API_WORD, process.env.DB_PASSWORD, event.env.PLACE);
      throw new Error('refused ' + event.env.API_WORD + ' at ' + __filename);
    };\n`,
    'leaks/get.py.py': `import os
def handler(event):
    print("key", event["env"]["API_WORD"], os.environ["DB_PASSWORD"], event["env"]["PLACE"])
    raise ValueError("refused " + event["env"]["API_WORD"] + " at " + __file__)\n`,
    'leaks/get.names.js': 'exports.handler = (event) => Object.keys(event.env);\n',
    'bare/get.js': 'exports.handler = (event) => [Object.keys(event.env), process.env.API_WORD ?? null];\n',
  };

  test('declared secrets are masked in headers, error texts and the log; another function has none', async () => {
    const recorded = recordingLog();
    const gateway = await startTestGateway(tree, {}, recorded.log);
    try {
      for (const target of ['/leaks', '/leaks/py']) {
        const answer = await ask(gateway.url, target);
        assert.equal(answer.status, 500);
        assert.match(answer.json().error, /^refused <hidden> at /);
        assert.ok(!answer.text.includes(gateway.root), answer.text);
        const stdout = decodeURIComponent(String(answer.headers['x-fn-stdout']));
        assert.equal(stdout, 'key <hidden> <hidden> attic');
      }
      assert.deepEqual((await ask(gateway.url, '/leaks/names')).json(), ['API_WORD', 'DB_PASSWORD', 'PLACE']);
      assert.deepEqual((await ask(gateway.url, '/bare')).json(), [[], null]);
    } finally {
      await gateway.close();
    }
    const log = JSON.stringify(recorded.lines);
    assert.match(log, /refused <hidden> at /);
    for (const secret of ['wood-pigeon-17', 'never-say-this']) assert.ok(!log.includes(secret), secret);
  });

  test('FN_PRODUCTION keeps the messages of handlers in the log', async () => {
    const recorded = recordingLog();
    const gateway = await startTestGateway(tree, { FN_PRODUCTION: '1' }, recorded.log);
    try {
      const answer = await ask(gateway.url, '/leaks/py');
      assert.equal(answer.status, 500);
      assert.deepEqual(answer.json(), {
        error: 'internal error',
        code: 'handler_failed',
        request_id: answer.headers['x-request-id'],
      });
      const failure = recorded
        .saying('handler failed')
        .find((line) => line.id === answer.headers['x-request-id']);
      assert.match(String(failure?.error), /^refused <hidden> at /);
      assert.match(String(failure?.detail), /ValueError/);
    } finally {
      await gateway.close();
    }
  });
});
