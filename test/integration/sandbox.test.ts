// "Worth testing" of the sandbox contract, for Node and Python, end to end: functions run code that they are sent, in the
// jail as it is by default, and clients see what comes of it. Limits, missing layers, the worker user and the network have
// files of their own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { probeCapabilities } from '../../src/sandbox/capabilities.ts';
import { denied, either, type Language, outside } from './support/denied-attempts.ts';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';
import { isAlive } from './support/processes.ts';

const { landlockAbi, seccomp } = probeCapabilities();
const withoutJail = landlockAbi >= 6 && seccomp ? false : 'needs Landlock ABI 6 and seccomp';

/** Runs the body of a request as code; what it leaves in `result` is the answer. */
const runJs = `
const AsyncFunction = (async () => {}).constructor;
exports.handler = async (event) => {
  const result = await new AsyncFunction('require', 'event', 'dir', event.body)(require, event, __dirname);
  return { status: 200, body: JSON.stringify({ result: result === undefined ? null : result }) };
};
`;
const runPy = `
import json, os
def handler(event):
    scope = {"event": event, "dir": os.path.dirname(os.path.abspath(__file__)), "result": None}
    exec(event["body"], scope)
    return {"status": 200, "body": json.dumps({"result": scope["result"]})}
`;

const tree = {
  'js/post.js': runJs,
  'js/data.txt': 'own data of js',
  'js/fn.env.json': JSON.stringify({ SECRET: 'of js' }),
  'js/fn.config.json': JSON.stringify({ timeout_ms: 15_000 }),
  'js/sub/fn.env.json': JSON.stringify({ SECRET: 'below js' }),
  'py/post.py': runPy,
  'py/data.txt': 'own data of py',
  'py/fn.env.json': JSON.stringify({ SECRET: 'of py' }),
  'py/fn.config.json': JSON.stringify({ timeout_ms: 15_000 }),
  'py/sub/fn.env.json': JSON.stringify({ SECRET: 'below py' }),
  'js2/post.js': runJs,
  'js2/data.txt': 'data of js2',
  'py2/post.py': runPy,
  'py2/data.txt': 'data of py2',
  'users/[id]/get.js': "exports.handler = () => require('../_shared.js').word;\n",
  'users/_shared.js': "exports.word = 'shared';\n",
  'users/post.js': runJs,
  'orders/secret.txt': 'of orders',
  'orders/get.js': "exports.handler = () => 'orders';\n",
  'early/get.js': "require('fs').readFileSync('/etc/passwd');\nexports.handler = () => 'never';\n",
  'early-py/get.py': 'open("/etc/passwd")\ndef handler(event):\n    return "never"\n',
};

async function run(gateway: TestGateway, target: string, code: string): Promise<Answer> {
  return ask(gateway.url, target, { method: 'POST', body: code });
}

/** The value that the code left. */
async function value(gateway: TestGateway, target: string, code: string): Promise<unknown> {
  const answer = await run(gateway, target, code);
  assert.equal(answer.status, 200, answer.text);
  return answer.json().result;
}

describe('the sandbox of functions', { skip: withoutJail }, () => {
  let gateway: TestGateway;
  let folder: string;
  const at = (language: Language): string => `/${language}`;

  before(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-allow-')));
    process.env['AWS_SECRET_ACCESS_KEY'] = 'of the host';
    gateway = await startTestGateway(tree, { FN_ADMIN_TOKEN: 'token-of-the-operator' });
    for (const language of ['js', 'py']) symlinkSync('/etc/passwd', join(gateway.root, language, 'link.txt'));
    symlinkSync('/etc/passwd', join(gateway.root, 'get.linked.js'));
    await gateway.reload();
  });
  after(async () => {
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = {
    js: "return require('fs').readFileSync(dir + '/data.txt', 'utf8')",
    py: 'result = open(dir + "/data.txt").read()',
  };
  for (const language of ['js', 'py'] as const) {
    test(`${language}: a file of its own folder can be read`, async () => {
      assert.equal(await value(gateway, at(language), read[language]), `own data of ${language}`);
    });
  }

  for (const [what, language, code, words] of denied) {
    test(`${language}: ${what} is denied; the client gets 500 without a path of the host`, async () => {
      const answer = await run(gateway, at(language), code);
      assert.equal(answer.status, 500, answer.text);
      assert.match(answer.json().error, words);
      // A folder that every host has (`/etc`) tells nothing; a path below it does.
      assert.doesNotMatch(answer.text, /\/(?:etc|tmp|proc|home|usr|dev)\/\w/);
      assert.ok(!answer.text.includes(gateway.root), answer.text);
    });
  }

  for (const path of ['/early', '/early-py']) {
    test(`${path}: what reads outside while it loads does not load: 500`, async () => {
      const answer = await ask(gateway.url, path);
      assert.equal(answer.status, 500, answer.text);
      assert.doesNotMatch(answer.text, /\/etc|\/tmp/);
    });
  }

  test('js: outside, existsSync says false and does not throw', async () => {
    assert.equal(await value(gateway, '/js', "return require('fs').existsSync('/etc/passwd')"), false);
  });

  test('py: a command by the C library starts no process', async () => {
    const mark = join(folder, 'mark');
    const code = `import ctypes\ntry:\n    ctypes.CDLL(None).system(b"touch ${mark}")\nexcept OSError as failure:\n    result = type(failure).__name__\n`;
    assert.equal((await run(gateway, '/py', code)).status, 200);
    assert.ok(!existsSync(mark));
    const evasion = `import ctypes\nsystem = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)(ctypes.cast(ctypes.pythonapi.system, ctypes.c_void_p).value)\nresult = system(b"touch ${mark}")\n`;
    assert.notEqual(await value(gateway, '/py', evasion), 0);
    assert.ok(!existsSync(mark));
  });

  const write = {
    js: "const name = process.env.TMPDIR + '/kept'; require('fs').writeFileSync(name, 'kept'); return name",
    py: 'import os\nresult = os.environ["TMPDIR"] + "/kept"\nopen(result, "w").write("kept")\n',
  };
  for (const [language, other] of [
    ['js', 'js2'],
    ['py', 'py2'],
  ] as const) {
    test(`${language}: what it writes to TMPDIR no other function sees`, async () => {
      const name = String(await value(gateway, at(language), write[language]));
      assert.equal(readFileSync(name, 'utf8'), 'kept');
      const look =
        language === 'js'
          ? `return require('fs').readFileSync(${JSON.stringify(name)}, 'utf8')`
          : `result = open(${JSON.stringify(name)}).read()`;
      assert.equal((await run(gateway, `/${other}`, look)).status, 500);
      assert.equal(await value(gateway, at(language), look), 'kept');
    });

    test(`${language}: the gateway's sockets can be neither listed nor connected to`, async () => {
      const socket = join(gateway.socketDir, `fn-${language === 'js' ? 'node' : 'python'}.sock`);
      const [list, connect] =
        language === 'js'
          ? [
              `require('fs').readdirSync(${JSON.stringify(gateway.socketDir)})`,
              `await new Promise((done, fail) => require('net').connect(${JSON.stringify(socket)}).on('error', fail).on('connect', done))`,
            ]
          : [
              `import os\nos.listdir(${JSON.stringify(gateway.socketDir)})`,
              `import socket\nsocket.socket(socket.AF_UNIX).connect(${JSON.stringify(socket)})`,
            ];
      assert.ok(existsSync(socket));
      assert.equal((await run(gateway, at(language), list)).status, 500);
      const answer = await run(gateway, at(language), connect);
      assert.equal(answer.status, 500);
      assert.match(answer.json().error, either(/restricted/));
    });

    test(`${language}: it sees no process of another function, and cannot signal it`, async () => {
      await value(gateway, `/${other}`, language === 'js' ? 'return 1' : 'result = 1');
      const others = gateway.workers().map(({ pid }) => pid);
      const own = Number(
        await value(
          gateway,
          at(language),
          language === 'js' ? 'return process.pid' : 'import os\nresult = os.getpid()',
        ),
      );
      for (const pid of [process.pid, ...others].filter((each) => each !== own)) {
        const attempts =
          language === 'js'
            ? [
                `require('fs').readFileSync('/proc/${pid}/environ')`,
                `process.kill(${pid}, 'SIGKILL')`,
                "require('fs').readdirSync('/proc')",
              ]
            : [
                `open("/proc/${pid}/environ", "rb").read()`,
                `import os\nos.kill(${pid}, 9)`,
                'import os\nos.listdir("/proc")',
              ];
        for (const code of attempts) assert.equal((await run(gateway, at(language), code)).status, 500, code);
        assert.ok(isAlive(pid));
      }
    });

    test(`${language}: two functions share no memory`, async () => {
      const make =
        language === 'js'
          ? "require('fs').writeFileSync('/dev/shm/fastfn-sandbox-test', 'x')"
          : 'from multiprocessing import shared_memory\nshared_memory.SharedMemory("fastfn-sandbox-test", create=True, size=16)';
      assert.equal((await run(gateway, at(language), make)).status, 500);
      assert.ok(!existsSync('/dev/shm/fastfn-sandbox-test'));
    });
  }

  const environment = { js: 'return { ...process.env }', py: 'import os\nresult = dict(os.environ)' };
  for (const language of ['js', 'py'] as const) {
    test(`${language}: the environment holds its own variables and nothing of the gateway`, async () => {
      const found = (await value(gateway, at(language), environment[language])) as Record<string, string>;
      assert.equal(found['SECRET'], `of ${language}`);
      assert.deepEqual(
        Object.keys(found).filter((name) => /^(?:FN_|AWS_|NODE_OPTIONS|npm_)/.test(name)),
        [],
      );
      const given = language === 'js' ? 'return event.env' : 'result = event["env"]';
      assert.deepEqual(await value(gateway, at(language), given), { SECRET: `of ${language}` });
      const other = await value(gateway, `/${language}2`, environment[language]);
      assert.equal((other as Record<string, string>)['SECRET'], undefined);
    });

    test(`${language}: a variable that one function sets is not set for another`, async () => {
      const set =
        language === 'js' ? "process.env.SET_BY_ONE = '1'" : 'import os\nos.environ["SET_BY_ONE"] = "1"';
      await value(gateway, at(language), set);
      const other = (await value(gateway, `/${language}2`, environment[language])) as Record<string, string>;
      assert.equal(other['SET_BY_ONE'], undefined);
    });
  }

  test('a function below [id] reads what its parent shares; a function does not read the folder beside', async () => {
    assert.equal((await ask(gateway.url, '/users/7')).text, 'shared');
    const beside = await run(
      gateway,
      '/users',
      "return require('fs').readFileSync(dir + '/../orders/secret.txt', 'utf8')",
    );
    assert.equal(beside.status, 500);
    assert.match(beside.json().error, outside);
  });

  test('a link as a handler is no function: 404', async () => {
    assert.equal((await ask(gateway.url, '/linked')).status, 404);
  });

  test('HTTPS, name lookup and time zones work', {
    skip: makeCertificate() === null ? 'needs openssl' : false,
  }, async () => {
    const { key, cert } = makeCertificate() ?? { key: '', cert: '' };
    const server = createServer({ key, cert }, (_request, response) => response.end('secure'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const js = `const ca = ${JSON.stringify(cert)};
        const answer = await new Promise((done, fail) => require('https').get({ host: 'localhost', family: 4, port: ${port}, ca }, (r) => r.on('data', (d) => done(String(d)))).on('error', fail));
        return [answer, new Date(0).toLocaleString('en-GB', { timeZone: 'Asia/Tokyo' })]`;
      assert.deepEqual(await value(gateway, '/js', js), ['secure', '01/01/1970, 09:00:00']);
      const py = `import ssl, urllib.request, zoneinfo, datetime
context = ssl.create_default_context(cadata=${JSON.stringify(cert)})
answer = urllib.request.urlopen("https://localhost:${port}/", context=context, timeout=10).read().decode()
result = [answer, datetime.datetime.fromtimestamp(0, zoneinfo.ZoneInfo("Asia/Tokyo")).hour]
`;
      assert.deepEqual(await value(gateway, '/py', py), ['secure', 9]);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('FN_STRICT_FS_ALLOW opens the folders that it names and no twin of their names', async () => {
    for (const name of ['data', 'database', 'more']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'file'), name);
    }
    const allow = `${join(folder, 'data')}:ro, ${join(folder, 'more')}`;
    const open = await startTestGateway(
      { 'js/post.js': runJs, 'py/post.py': runPy },
      { FN_STRICT_FS_ALLOW: allow },
    );
    try {
      const js = (name: string) =>
        `return require('fs').readFileSync(${JSON.stringify(join(folder, name, 'file'))}, 'utf8')`;
      const py = (name: string) => `result = open(${JSON.stringify(join(folder, name, 'file'))}).read()`;
      for (const name of ['data', 'more']) {
        assert.equal(await value(open, '/js', js(name)), name);
        assert.equal(await value(open, '/py', py(name)), name);
      }
      assert.equal((await run(open, '/js', js('database'))).status, 500);
      assert.equal((await run(open, '/py', py('database'))).status, 500);
      const append = (name: string) =>
        `require('fs').appendFileSync(${JSON.stringify(join(folder, name, 'file'))}, '!')`;
      assert.equal((await run(open, '/js', append('data'))).status, 500);
      assert.equal((await run(open, '/js', append('more'))).status, 200);
    } finally {
      await open.close();
    }
  });

  for (const word of ['0', 'false', 'OFF', 'no']) {
    test(`FN_STRICT_FS=${word} switches the sandbox off in both languages`, async () => {
      const open = await startTestGateway(
        { 'js/post.js': runJs, 'py/post.py': runPy },
        { FN_STRICT_FS: word },
      );
      try {
        assert.ok(await value(open, '/js', "return require('fs').readFileSync('/etc/passwd').length > 0"));
        assert.ok(await value(open, '/py', 'result = len(open("/etc/passwd").read()) > 0'));
      } finally {
        await open.close();
      }
    });
  }

  test('a process that a function could leave behind, without the sandbox, goes with its worker', async () => {
    const open = await startTestGateway({ 'py/post.py': runPy }, { FN_STRICT_FS: '0' });
    try {
      const pid = Number(
        await value(open, '/py', 'import subprocess\nresult = subprocess.Popen(["sleep", "600"]).pid'),
      );
      assert.ok(isAlive(pid));
      await open.close();
      await eventually(() => assert.ok(!isAlive(pid)));
    } finally {
      await open.close();
    }
  });
});

/** null where there is no openssl. */
function makeCertificate(): { readonly key: string; readonly cert: string } | null {
  const place = mkdtempSync(join(tmpdir(), 'fastfn-tls-'));
  try {
    const files = ['-keyout', join(place, 'key.pem'), '-out', join(place, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject],
      { stdio: 'ignore' },
    );
    return {
      key: readFileSync(join(place, 'key.pem'), 'utf8'),
      cert: readFileSync(join(place, 'cert.pem'), 'utf8'),
    };
  } catch {
    return null;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
