// The minimal root of a worker, end to end: who gets one, what is in it, in every language, and what is said where the
// host has none (contract/sandbox.md 9). What attacks find in it is in test/security.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { missingOf } from '../../src/gateway/namespace-tier.ts';
import { probeCapabilities } from '../../src/sandbox/capabilities.ts';
import { closedTo } from '../../src/sandbox/user-reach.ts';
import { reasonToSkip } from '../conformance/compiled-worker.ts';
import { namespaceTier } from '../security/jail-harness.ts';
import { CompiledGateway } from './support/compiled-gateway.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { runProgram, StartedProgram } from './support/started-program.ts';
import { makeTree, removeTree } from './support/tree.ts';

const capabilities = probeCapabilities();
const withoutJail = capabilities.landlockAbi > 0 && capabilities.seccomp ? false : 'needs the kernel tier';
const missing = missingOf(await namespaceTier.find());
const skip = withoutJail || (missing === null ? false : `this host has no mount namespaces: ${missing}`);
const oldKernel = { capabilities: { ...capabilities, mountApi: false } };
const program = join(import.meta.dirname, '..', '..', 'bin', 'fastfn');

/** Each answers which of the asked paths are there, and that it can write where it should. */
const looksAround = {
  js: `const fs = require('node:fs');
const there = (path) => { try { fs.realpathSync.native(path); return true; } catch { return false; } };
exports.handler = (event) => {
  fs.writeFileSync(process.env.TMPDIR + '/own', 'x');
  return { there: event.query.paths.split(',').filter(there) };
};\n`,
  py: `import os
def handler(event):
    with open(os.environ["TMPDIR"] + "/own", "w") as file:
        file.write("x")
    return {"there": [path for path in event["query"]["paths"].split(",") if os.path.exists(path)],
            "names": sorted(os.listdir(os.path.dirname(__file__)))}\n`,
  php: `<?php
function handler($event) {
    file_put_contents(getenv('TMPDIR') . '/own', 'x');
    return ['there' => array_values(array_filter(explode(',', $event['query']['paths']), fn($path) => @file_exists($path)))];
}\n`,
  lua: `function handler(event) return { status = 200, body = '{"there":[]}' } end\n`,
  go: `package main

import (
	"os"
	"strings"
)

func handler(event map[string]interface{}) interface{} {
	there := []string{}
	for _, path := range strings.Split(event["query"].(map[string]interface{})["paths"].(string), ",") {
		if _, err := os.Stat(path); err == nil {
			there = append(there, path)
		}
	}
	if err := os.WriteFile(os.Getenv("TMPDIR")+"/own", []byte("x"), 0600); err != nil {
		return err.Error()
	}
	return map[string]interface{}{"there": there}
}\n`,
  rs: `use serde_json::{json, Value};

pub fn handler(event: Value) -> Value {
    let paths = event["query"]["paths"].as_str().unwrap_or("").split(',');
    let there: Vec<&str> = paths.filter(|path| std::path::Path::new(path).exists()).collect();
    std::fs::write(std::env::var("TMPDIR").unwrap() + "/own", "x").unwrap();
    json!({ "there": there })
}\n`,
} as const;
type Ending = keyof typeof looksAround;

const asks = JSON.stringify({ sandbox: { require: 'namespace' }, timeout_ms: 15_000 });
const folderOf = (ending: Ending, config = asks): Record<string, string> => ({
  [`look-${ending}/get.${ending}`]: looksAround[ending],
  [`look-${ending}/data.txt`]: 'own data',
  [`look-${ending}/fn.env.json`]: '{"SECRET": "of the function"}',
  [`look-${ending}/fn.config.json`]: config,
});

/** What exists on every Linux, and what the tree has beside the function's own files. */
const outsideOf = (root: string, name: string): string[] => [
  ...['/var', '/etc/passwd', '/proc/1', '/boot', `/proc/${process.pid}`],
  ...['fn.env.json', 'fn.config.json'].map((file) => join(root, name, file)),
  ...[join(root, 'elsewhere', 'data.txt'), join(root, '.fastfn')],
];

async function look(gateway: TestGateway, name: string) {
  const paths = [...outsideOf(gateway.root, name), join(gateway.root, name, 'data.txt')];
  const answer = await ask(gateway.url, `/${name}?paths=${encodeURIComponent(paths.join(','))}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

async function layerOf(gateway: TestGateway): Promise<{ state: string; detail: string }> {
  const { layers } = (await ask(gateway.url, '/_fn/health')).json().sandbox;
  return layers.find(({ layer }: { layer: string }) => layer === 'namespace');
}

describe('a minimal root, asked for by a function', { skip }, () => {
  let gateway: TestGateway;
  const plain = {
    'plain/get.py': looksAround.py,
    'plain/fn.config.json': '{}',
    'elsewhere/data.txt': 'of another function',
    'elsewhere/get.js': 'exports.handler = () => 1;',
  };

  before(async () => {
    gateway = await startTestGateway({
      ...plain,
      ...folderOf('js'),
      ...folderOf('py'),
      ...folderOf('php'),
      ...folderOf('lua'),
    });
  });
  after(() => gateway.close());

  for (const ending of ['js', 'py', 'php', 'lua'] as const) {
    test(`${ending}: nothing outside is there, its own data and folder are`, async (t) => {
      const target = await ask(gateway.url, `/look-${ending}?paths=/var`);
      if (target.status === 503 && target.text.includes('runtime'))
        return t.skip(`no ${ending} on this host`);
      const { there } = await look(gateway, `look-${ending}`);
      assert.deepEqual(there, ending === 'lua' ? [] : [join(gateway.root, `look-${ending}`, 'data.txt')]);
    });
  }

  test('protected files are not even in the list of its own folder', async () => {
    assert.deepEqual((await look(gateway, 'look-py')).names, ['data.txt', 'get.py']);
  });

  test('a function that does not ask sees that the rest exists, and cannot open it', async () => {
    const { there } = await look(gateway, 'plain');
    assert.ok(there.includes('/var'), there.join());
    assert.ok(there.includes(join(gateway.root, 'plain', 'fn.config.json')), there.join());
  });

  test('the process has a namespace of its own and none of the rights that made it', async () => {
    const paths = encodeURIComponent('/var');
    await ask(gateway.url, `/look-py?paths=${paths}`);
    const worker = gateway.workers().find(({ functionKey }) => functionKey.startsWith('python/look-py'));
    assert.ok(worker !== undefined);
    const status = readFileSync(`/proc/${worker.pid}/status`, 'utf8');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'), set);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
    assert.match(status, new RegExp(`^Uid:\\s+${process.getuid?.()}\\s`, 'm'));
    assert.notEqual(readlinkSync(`/proc/${worker.pid}/ns/mnt`), readlinkSync('/proc/self/ns/mnt'));
    const mounts = readFileSync(`/proc/${worker.pid}/mountinfo`, 'utf8').trim().split('\n');
    const writable = mounts
      .map((line) => line.split(' '))
      .filter(([, , , , , options]) => !/\bro\b/.test(options ?? ''));
    assert.deepEqual(
      writable.map(([, , , , place]) =>
        place === '/dev/null' ? place : /\/w-\d+$/.exec(place ?? '')?.[0] !== undefined,
      ),
      ['/dev/null', true],
    );
  });

  test('health, catalog and log say what is in force', async () => {
    assert.equal((await layerOf(gateway)).state, 'available');
    const { text } = await ask(gateway.url, '/_fn/catalog');
    assert.match(text, /"require":"namespace","namespace":true/);
    assert.match(text, /"require":"none","namespace":false/);
  });
});

for (const [ending, language] of [
  ['go', 'go'],
  ['rs', 'rust'],
] as const) {
  const noLanguage = await reasonToSkip(language);
  describe(`a minimal root for ${language}`, { skip: skip || noLanguage }, () => {
    const subject = new CompiledGateway();
    after(subject.close);

    test('the compiled program finds nothing outside, and its folder', { timeout: 170_000 }, async () => {
      const config = JSON.stringify({ sandbox: { require: 'namespace' } });
      const handler = ending === 'go' ? 'handler.go' : 'handler.rs';
      await subject.start({
        'around/fn.config.json': config,
        'around/data.txt': 'own data',
        [`around/${handler}`]: looksAround[ending],
      });
      const { root } = subject.gateway;
      const own = join(root, 'around', 'data.txt');
      const paths = [...outsideOf(root, 'around'), own].join(',');
      const found = await subject.json(`/around?paths=${encodeURIComponent(paths)}`);
      assert.deepEqual(found, { there: [own] });
    });
  });
}

describe('a minimal root, where nothing is served', { skip }, () => {
  test('doctor tries it and says that it is there; what it started is gone', async () => {
    const root = makeTree(folderOf('js'));
    const leftovers = () =>
      readdirSync(realpathSync(tmpdir())).filter((name) => name.startsWith('fastfn-try-'));
    const before = leftovers();
    try {
      const end = await runProgram(process.execPath, [program, 'doctor', '--json'], { cwd: root });
      const found = /"id": "sandbox\.namespace",\s+"status": "(\w+)",\s+"message": "([^"]*)/.exec(end.stdout);
      assert.deepEqual([found?.[1], found?.[2]?.slice(0, 10)], ['OK', 'available:'], end.stdout + end.stderr);
      const routes = await runProgram(process.execPath, [program, 'routes', root, '--json'], { cwd: root });
      assert.match(routes.stdout.replaceAll(/\s/g, ''), /"require":"namespace","namespace":true/);
      assert.deepEqual(
        leftovers().filter((name) => !before.includes(name)),
        [],
      );
    } finally {
      removeTree(root);
    }
  });
});

describe('FN_SANDBOX_NAMESPACE', () => {
  const tree = {
    ...folderOf('js'),
    'elsewhere/data.txt': 'of another function',
    'plain/get.py': looksAround.py,
    'plain/fn.config.json': '{"sandbox": {"require": "none"}, "strict_fs": false}',
  };

  for (const use of ['auto', 'required']) {
    test(`${use}: every function gets one, whatever its folder says`, { skip }, async () => {
      const gateway = await startTestGateway(tree, { FN_SANDBOX_NAMESPACE: use });
      try {
        assert.deepEqual((await look(gateway, 'plain')).there, []);
        assert.equal((await layerOf(gateway)).state, 'on');
      } finally {
        await gateway.close();
      }
    });
  }

  test('off: nobody gets one, and who requires one is not served', { skip: withoutJail }, async () => {
    const { log, saying } = recordingLog();
    const gateway = await startTestGateway(tree, { FN_SANDBOX_NAMESPACE: 'off' }, log);
    try {
      const refused = await ask(gateway.url, '/look-js');
      assert.deepEqual([refused.status, refused.json().code], [503, 'sandbox_unavailable']);
      assert.ok((await look(gateway, 'plain')).there.includes('/var'));
      assert.equal((await layerOf(gateway)).state, 'off');
      assert.equal(saying('asks for the namespace, but FN_SANDBOX_NAMESPACE is off').length, 1);
    } finally {
      await gateway.close();
    }
  });

  test('a host without it says so; who requires one is not served, others keep the other layers', {
    skip: withoutJail,
  }, async () => {
    for (const use of ['asked', 'auto']) {
      const { log, saying } = recordingLog();
      const gateway = await startTestGateway(tree, { FN_SANDBOX_NAMESPACE: use }, log, oldKernel);
      try {
        const refused = await ask(gateway.url, '/look-js');
        assert.deepEqual(
          [refused.status, refused.json().error, refused.json().code],
          [503, 'sandbox unavailable', 'sandbox_unavailable'],
        );
        assert.equal((await ask(gateway.url, '/plain?paths=/var')).status, 200);
        const layer = await layerOf(gateway);
        assert.equal(layer.state, 'unavailable');
        assert.match(layer.detail, /too old/);
        const { sandbox } = (await ask(gateway.url, '/_fn/health')).json();
        assert.equal(sandbox.seccomp, true);
        assert.equal(
          saying('not served: sandbox.require asks for the namespace, but this kernel is').length,
          1,
        );
      } finally {
        await gateway.close();
      }
    }
  });

  test('required: a host without it does not start, nor one with FN_STRICT_FS off', async () => {
    const refuses = (variables: Record<string, string>, words: RegExp) =>
      assert.rejects(
        startTestGateway(tree, { FN_SANDBOX_NAMESPACE: 'required', ...variables }, undefined, oldKernel),
        (error: unknown) => {
          assert.ok(error instanceof GatewayError);
          assert.equal(error.code, 'sandbox_unavailable');
          assert.match(error.message, words);
          return true;
        },
      );
    await refuses({}, /^cannot start: FN_SANDBOX_NAMESPACE is required, but namespace is unavailable/);
    await refuses({ FN_STRICT_FS: '0' }, /namespace is off \(switched off by FN_STRICT_FS\)/);
  });
});

const isRoot = process.geteuid?.() === 0;
const notRoot = isRoot ? false : 'only root can become another user; the rest of this file ran as one';
const closed = isRoot ? closedTo({ uid: 65_534, gid: 65_533 }, process.execPath) : null;
const asOther = skip || notRoot || (closed === null ? false : 'this Node is closed to other users');

describe('a minimal root under another user', { skip: asOther }, () => {
  test('FN_WORKER_USER: workers are that user in it', async () => {
    const variables = { FN_WORKER_USER: '65534:65533', FN_SANDBOX_NAMESPACE: 'required' };
    const gateway = await startTestGateway(folderOf('py'), variables, undefined, { rootMode: 0o755 });
    try {
      assert.deepEqual((await look(gateway, 'look-py')).there, [join(gateway.root, 'look-py', 'data.txt')]);
      const [worker] = gateway.workers();
      assert.match(readFileSync(`/proc/${worker?.pid}/status`, 'utf8'), /^Uid:\s+65534\s+65534/m);
    } finally {
      await gateway.close();
    }
  });

  const become = { file: 'setpriv', args: ['--reuid', '65534', '--regid', '65534', '--clear-groups'] };
  const noTools = (): string | null => {
    try {
      execFileSync(become.file, [...become.args, 'unshare', '--user', '--mount', 'true'], {
        stdio: 'ignore',
      });
      return null;
    } catch {
      return 'setpriv or unshare is not installed, or users may not make user namespaces here';
    }
  };

  test('a gateway that is not root gets it through unshare', { timeout: 60_000 }, async (t) => {
    const reason = noTools();
    if (reason !== null) return t.skip(reason);
    const root = makeTree(folderOf('py'));
    const own = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-user-')));
    chmodSync(root, 0o755);
    chownSync(own, 65_534, 65_534);
    const serve = new StartedProgram(
      become.file,
      [
        ...[...become.args, process.execPath, program],
        ...['serve', root, '--port', '0', '--log-format', 'json'],
      ],
      {
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: own,
          FN_SOCKET_BASE_DIR: join(own, 'sockets'),
          FN_STATE_DIR: join(own, 'state'),
          FN_HOT_RELOAD: '0',
        },
      },
    );
    try {
      const [, url = ''] = await serve.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
      const data = join(root, 'look-py', 'data.txt');
      const paths = encodeURIComponent(`/var,/etc/passwd,${data}`);
      const answer = await ask(url, `/look-py?paths=${paths}`);
      assert.deepEqual(answer.json().there, [data], answer.text);
    } finally {
      serve.child.kill('SIGTERM');
      await serve.ended;
      removeTree(root);
      rmSync(own, { recursive: true, force: true });
    }
  });

  test('where users may make no user namespace, doctor says so and which setting it is', async (t) => {
    const reason = noTools();
    if (reason !== null) return t.skip(reason);
    const root = makeTree({});
    chmodSync(root, 0o755);
    // The limit of a user namespace of its own: below it no further one can be made.
    const limited = `echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all --ambient-caps=-all "$0" "$@"`;
    const inside = ['unshare', '--user', '--map-current-user', '--keep-caps', 'sh', '-c', limited];
    const run = [...become.args, ...inside, process.execPath, program, 'doctor'];
    try {
      const { PATH = '' } = process.env;
      const { stdout } = await runProgram(become.file, run, { cwd: root, env: { PATH, HOME: root } });
      assert.match(stdout, /sandbox\.namespace: unavailable: unshare: .*set user\.max_user_namespaces/);
    } finally {
      removeTree(root);
    }
  });
});
