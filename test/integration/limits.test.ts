// What one function may use. Each function here runs into one of its limits: its caller is told which, the log is told
// which, and the function next door does not notice.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import type { Tree } from './support/tree.ts';

const json = JSON.stringify;

/** One folder a function: its code and its limits. */
function limited(name: string, file: string, code: string, limits: object, config: object = {}): Tree {
  return {
    [`${name}/${file}`]: code,
    [`${name}/fn.config.json`]: json({ timeout_ms: 8000, limits, ...config }),
  };
}

const tree: Tree = {
  'get.neighbour.js': "exports.handler = () => 'fine';\n",
  ...limited(
    'memory-node',
    'get.js',
    `const kept = [];
exports.handler = async () => {
  for (;;) {
    kept.push(Buffer.alloc(8 * 1024 * 1024, 1));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};\n`,
    { memory_mb: 128 },
  ),
  ...limited(
    'memory-heap',
    'get.js',
    'exports.handler = () => { const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length)); };\n',
    { memory_mb: 128 },
  ),
  ...limited(
    'memory-python',
    'get.py',
    'def handler(event):\n    kept = []\n    while True:\n        kept.append(bytearray(b"x" * (8 << 20)))\n',
    { memory_mb: 64 },
  ),
  ...limited(
    'memory-mapped',
    'get.py',
    `import mmap
def handler(event):
    kept = []
    while True:
        shared = mmap.mmap(-1, 8 << 20)
        shared.write(b"x" * (8 << 20))
        kept.append(shared)
`,
    { memory_mb: 64 },
  ),
  ...limited(
    'memory-load',
    'get.py',
    'kept = [bytearray(b"x" * (8 << 20)) for _ in range(200)]\nimport time\ntime.sleep(5)\n',
    { memory_mb: 64 },
  ),
  ...limited(
    'open-files',
    'get.js',
    `const fs = require('node:fs');
exports.handler = () => { for (;;) fs.openSync(__filename); };\n`,
    { open_files: 64 },
  ),
  ...limited(
    'open-files-python',
    'get.py',
    'def handler(event):\n    kept = []\n    while True:\n        kept.append(open(__file__))\n',
    { open_files: 64 },
  ),
  ...limited(
    'file-size',
    'get.js',
    `const fs = require('node:fs');
exports.handler = () => fs.writeFileSync(process.env.TMPDIR + '/big', Buffer.alloc(3 * 1024 * 1024));\n`,
    { file_size_mb: 2 },
  ),
  ...limited(
    'file-size-python',
    'get.py',
    `import os
def handler(event):
    with open(os.environ["TMPDIR"] + "/big", "wb") as out:
        out.write(bytes(3 << 20))
    return "written"
`,
    { file_size_mb: 2 },
  ),
  ...limited(
    'temp',
    'get.py',
    `import os, time
def handler(event):
    for n in range(8):
        with open(f'{os.environ["TMPDIR"]}/{n}', "wb") as out:
            out.write(bytes(1 << 20))
    time.sleep(6)
    return "kept"
`,
    { temp_mb: 4 },
  ),
  ...limited(
    'temp-deleted',
    'get.py',
    `import os, time
def handler(event):
    kept = []
    for n in range(8):
        path = f'{os.environ["TMPDIR"]}/{n}'
        kept.append(open(path, "wb", buffering=0))
        os.unlink(path)
        kept[-1].write(bytes(1 << 20))
    time.sleep(6)
    return "kept"
`,
    { temp_mb: 4 },
  ),
  ...limited(
    'threads',
    'get.py',
    `import threading, time
def handler(event):
    for _ in range(40):
        threading.Thread(target=time.sleep, args=(6,), daemon=True).start()
    time.sleep(6)
    return "all started"
`,
    { threads: 20 },
  ),
  ...limited(
    'cpu-python',
    'get.py',
    `def handler(event):
    if event["query"].get("burn") is None:
        return "short"
    while True:
        pass
`,
    { cpu_ms: 200 },
  ),
  ...limited(
    'cpu-node',
    'get.js',
    `exports.handler = (event) => {
  if (event.query.burn === undefined) return 'short';
  for (;;);
};\n`,
    { cpu_ms: 200 },
  ),
  ...limited(
    'output',
    'get.js',
    "exports.handler = () => { for (let n = 0; n < 100_000; n += 1) console.log('flood', n); return 'done'; };\n",
    { output_kb: 4 },
  ),
};

const recording = recordingLog();

/** Neither the status nor a neighbour may depend on who asks at the same time. */
async function withNeighbour(gateway: TestGateway, path: string): Promise<Answer> {
  const asked = ask(gateway.url, path);
  const neighbour = await ask(gateway.url, '/neighbour');
  assert.equal(neighbour.text, 'fine');
  const answer = await asked;
  assert.equal((await ask(gateway.url, '/neighbour')).text, 'fine');
  return answer;
}

function assertLogged(functionKey: string, words: string): void {
  const lines = recording.lines.map((line) => json(line));
  assert.ok(
    lines.some((line) => line.includes(words) && line.includes(functionKey)),
    `no line about ${functionKey} says "${words}"`,
  );
}

describe('limits of one function', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(tree, {}, recording.log);
    assert.equal((await ask(gateway.url, '/neighbour')).text, 'fine');
  });
  after(() => gateway.close());

  for (const [name, file, words] of [
    ['memory-node', 'get.js', 'memory limit exceeded (128 MiB)'],
    ['memory-heap', 'get.js', 'memory limit exceeded (128 MiB)'],
    ['memory-python', 'get.py', 'memory limit exceeded (64 MiB)'],
    ['memory-mapped', 'get.py', 'memory limit exceeded (64 MiB)'],
    ['threads', 'get.py', 'threads limit exceeded (20 threads)'],
    ['temp', 'get.py', 'temporary files limit exceeded (4 MiB)'],
    ['temp-deleted', 'get.py', 'temporary files limit exceeded (4 MiB)'],
    ['cpu-python', 'get.py', 'cpu time limit exceeded (200 ms)'],
    ['cpu-node', 'get.js', 'cpu time limit exceeded (200 ms)'],
  ] as const) {
    test(`${name}: the worker is ended, 502 and the log say why`, async () => {
      const answer = await withNeighbour(gateway, `/${name}?burn=1`);
      assert.equal(answer.status, 502, answer.text);
      assert.equal(answer.json().error, `runtime error: ${words}`);
      assert.equal(answer.json().code, 'worker_crashed');
      assertLogged(`${name}/${file}`, words);
    });
  }

  test('memory taken while the function loads: 503 and the log say why', async () => {
    const answer = await withNeighbour(gateway, '/memory-load');
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.json().error, /memory limit exceeded \(64 MiB\)/);
    assertLogged('memory-load/get.py', 'memory limit exceeded (64 MiB)');
  });

  for (const [name, file, words] of [
    ['open-files', 'get.js', 'open files limit exceeded (64 files)'],
    ['open-files-python', 'get.py', 'open files limit exceeded (64 files)'],
    ['file-size', 'get.js', 'file size limit exceeded (2 MiB)'],
    ['file-size-python', 'get.py', 'file size limit exceeded (2 MiB)'],
  ] as const) {
    test(`${name}: the call fails with the system's own error, the log says which limit it was`, async () => {
      const answer = await withNeighbour(gateway, `/${name}`);
      assert.equal(answer.status, 500, answer.text);
      assert.match(answer.json().error, /too many open files|file too large/i);
      assertLogged(`${name}/${file}`, words);
    });
  }

  test('processor time is counted for each call anew', async () => {
    for (const path of ['/cpu-python', '/cpu-node']) {
      for (let n = 0; n < 5; n += 1) assert.equal((await ask(gateway.url, path)).text, 'short');
    }
  });

  test('a flood of output is cut, and the log says at what', async () => {
    const answer = await withNeighbour(gateway, '/output');
    assert.equal(answer.text, 'done');
    assertLogged('output/get.js', 'output limit exceeded (4 KiB)');
    const kept = recording.saying('[fn:output/get.js').reduce((sum, { msg }) => sum + msg.length, 0);
    assert.ok(kept < 64 * 1024, `${kept} bytes logged`);
  });

  test('after all that no process is left but those that serve', async () => {
    for (const { state } of gateway.workers()) assert.ok(['starting', 'ready', 'draining'].includes(state));
  });
});

/** Connects where the body says, from inside the function, and answers with the error's code or `connected`. */
const dialJs = `const net = require('node:net');
exports.handler = (event) => new Promise((resolve) => {
  const socket = net.connect(Number(event.query.port), '127.0.0.1');
  socket.on('connect', () => { socket.destroy(); resolve('connected'); });
  socket.on('error', (error) => resolve(error.code));
});\n`;
const dialPy = `import errno, socket
def handler(event):
    try:
        if event["query"].get("udp"):
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
            return "sent"
        socket.create_connection(("127.0.0.1", int(event["query"]["port"]))).close()
        return "connected"
    except OSError as error:
        return errno.errorcode[error.errno]
`;

describe('network of one function', () => {
  const servers = [createServer(), createServer()];
  let ports: number[] = [];
  let gateway: TestGateway;
  before(async () => {
    ports = await Promise.all(
      servers.map(async (server) => {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        return (server.address() as AddressInfo).port;
      }),
    );
    const sandboxes = {
      all: undefined,
      none: { network: 'none' },
      one: { network: { tcp_ports: [ports[0]] } },
      broken: { network: { ports: [ports[0]] } },
    };
    const functions = Object.entries(sandboxes).map(([name, sandbox]) => ({
      [`${name}/get.js`]: dialJs,
      [`${name}/py.py`]: dialPy,
      [`${name}/fn.config.json`]: json({ timeout_ms: 8000, ...(sandbox === undefined ? {} : { sandbox }) }),
    }));
    gateway = await startTestGateway(Object.assign({}, ...functions));
  });
  after(async () => {
    for (const server of servers) server.close();
    await gateway.close();
  });

  const dial = async (path: string, port: number | undefined) =>
    (await ask(gateway.url, `${path}?port=${port}`)).text;

  test('is whole by default', async () => {
    for (const path of ['/all', '/all/py']) assert.equal(await dial(path, ports[0]), 'connected');
    assert.equal((await ask(gateway.url, '/all/py?udp=1')).text, 'sent');
  });

  test('none refuses TCP and UDP', async () => {
    for (const path of ['/none', '/none/py', '/broken', '/broken/py']) {
      assert.match(await dial(path, ports[0]), /^(EACCES|EPERM|ERR_ACCESS_DENIED)$/, path);
    }
    assert.match((await ask(gateway.url, '/none/py?udp=1')).text, /^(EACCES|EPERM)$/);
  });

  test('a list of ports lets those through and nothing else', async () => {
    for (const path of ['/one', '/one/py']) {
      assert.equal(await dial(path, ports[0]), 'connected', path);
      assert.match(await dial(path, ports[1]), /^(EACCES|EPERM)$/, path);
    }
    assert.match((await ask(gateway.url, '/one/py?udp=1')).text, /^(EACCES|EPERM)$/);
  });
});

describe('the operator’s word on functions', () => {
  test('a function can narrow the operator’s network and not widen it; maxima hold for all', async () => {
    const gateway = await startTestGateway(
      {
        'all/get.py': dialPy,
        'all/fn.config.json': json({
          sandbox: { network: 'all' },
          limits: { memory_mb: 512 },
        }),
        'silent/get.py': dialPy,
        'off/get.py': dialPy,
        'off/fn.config.json': json({ strict_fs: false }),
      },
      { FN_SANDBOX_NETWORK: 'none', FN_SANDBOX_MAX_MEMORY_MB: '100', FN_STRICT_FS_LOCK: '0' },
    );
    try {
      for (const path of ['/all', '/silent', '/off']) {
        assert.match((await ask(gateway.url, `${path}?port=9`)).text, /^(EACCES|EPERM)$/, path);
      }
      const { faults } = (await ask(gateway.url, '/_fn/health')).json();
      const accepted = (faults as { key: string; accepted: string }[]).map(
        ({ key, accepted }) => `${key}: ${accepted}`,
      );
      assert.deepEqual(accepted.sort(), [
        'limits.memory_mb: at most 100 by the operator (FN_SANDBOX_MAX_MEMORY_MB)',
        'sandbox.network: at most none by the operator (FN_SANDBOX_NETWORK)',
      ]);
      const catalog = (await ask(gateway.url, '/_fn/catalog')).json();
      const all = catalog.runtimes.python.functions.find(
        (each: { name: string }) => each.name === 'all/get.py',
      );
      assert.equal(all.policy.sandbox.limits.memory_mb, 100);
      assert.deepEqual(all.policy.sandbox.network, { tcp_ports: [], udp: false });
    } finally {
      await gateway.close();
    }
  });

  test('strict_fs: false is ignored under the lock and honoured without it', async () => {
    const functions = {
      'get.read.py': 'def handler(event):\n    return open("/etc/passwd").read(4)\n',
      'fn.config.json': json({ strict_fs: false }),
    };
    for (const [lock, status] of [
      ['1', 500],
      ['0', 200],
    ] as const) {
      const gateway = await startTestGateway(functions, { FN_STRICT_FS_LOCK: lock });
      try {
        assert.equal((await ask(gateway.url, '/read')).status, status);
      } finally {
        await gateway.close();
      }
    }
  });
});
