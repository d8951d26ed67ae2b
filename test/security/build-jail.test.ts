// The jail of builds: what hostile code in a build tries gets through in a plain child process, and meets the error named
// here inside; what honest tools do goes on working.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BuildStep } from '../../src/build/build-plan.ts';
import { workspacePlaceholder } from '../../src/build/build-plan.ts';
import { planStep } from '../../src/build/build-sandbox.ts';
import { makeWorkspace } from '../../src/build/workspace.ts';
import { systemClock } from '../../src/clock.ts';
import { silentLog } from '../../src/log.ts';
import { defaultBuildSettings } from '../../src/policy/build-settings.ts';
import { planCommand } from '../../src/sandbox/command-plan.ts';
import { loadSystemGrants, loadSystemPrograms } from '../../src/sandbox/system-grants.ts';
import { CommandRunner } from '../../src/supervisor/command-runner.ts';
import { capabilities, nodeProgram, scratchFolder } from './jail-harness.ts';

const program = fileURLToPath(new URL('./fixtures/build/attempts.js', import.meta.url));
const launcherProgram = fileURLToPath(new URL('../../src/sandbox/launcher/main.ts', import.meta.url));
const kernelTier = capabilities.ffi && capabilities.seccomp && capabilities.landlockAbi >= 4;
const skip = kernelTier ? false : 'needs Landlock with TCP rules, seccomp and node:ffi';

type Outcomes = Readonly<Record<string, string>>;

/** Attempt → what it must meet in a step without network. */
const rows: Readonly<Record<string, RegExp>> = {
  'read the password file': /EACCES/,
  "read its function's environment file": /EACCES/,
  "read its function's own folder": /EACCES/,
  "read another function's code": /EACCES/,
  "list the gateway's state": /EACCES/,
  'read a file through a link of its own': /EACCES/,
  'take in a file as a second name': /EACCES|EXDEV|EPERM/,
  'include a file when compiling C': /Permission denied|ENOENT/,
  "read the gateway's environment": /EACCES/,
  "read the gateway's memory": /EACCES/,
  'see a secret in its own environment': /not set/,
  'hold descriptors beyond its three': /none|EACCES/,
  'write beside its workspace': /EACCES/,
  'change a handler': /EACCES/,
  'empty a file': /EACCES/,
  'remove a file': /EACCES/,
  'rename a folder': /EACCES/,
  'change the toolchain': /EACCES/,
  'change the mode of a file': /no effect/,
  'change the times of a file': /no effect/,
  'leave its process group (setsid)': /Operation not permitted/,
  'leave its process group (setpgid)': /Operation not permitted/,
  'signal the gateway': /EPERM/,
  "change the gateway's priority": /EPERM/,
  'make a namespace': /Operation not permitted/,
  'make a pipe by name': /Operation not permitted/,
  'reach a TCP port': /EACCES/,
  "reach the gateway's socket": /EACCES/,
  'send a datagram': /EACCES/,
  'listen on a port': /EACCES|EPERM/,
};

/** Allowed where registries are. */
const online = ['reach a TCP port', 'send a datagram'];

interface World {
  readonly facts: object;
  readonly folder: string;
  readonly cache: string;
  readonly toolchain: string;
  end(): Promise<void>;
}

async function listen(server: Server, where: number | string): Promise<void> {
  await new Promise<void>((resolve) => server.listen(where, resolve));
}

/** A functions tree with secrets, a toolchain, a cache, a gateway's port and socket; all fresh for one run. */
async function makeWorld(): Promise<World> {
  const folder = scratchFolder();
  const outside = join(folder, 'functions');
  for (const path of ['mine', 'other', '.fastfn']) mkdirSync(join(outside, path), { recursive: true });
  writeFileSync(join(outside, 'mine/fn.env.json'), '{"SECRET":"x"}', { mode: 0o600 });
  writeFileSync(join(outside, 'other/handler.js'), 'exports.handler = () => 1;\n');
  writeFileSync(join(outside, 'other/secret.h'), '#define SECRET 0\n');
  writeFileSync(join(outside, 'other/data.txt'), 'data');
  const [toolchain, cache] = [join(folder, 'toolchain'), join(folder, 'cache')];
  mkdirSync(toolchain);
  mkdirSync(cache);
  writeFileSync(join(toolchain, 'tool.js'), '');
  const [byPort, byPath] = [createServer((socket) => socket.end()), createServer((socket) => socket.end())];
  const socket = join(folder, 'fn-node.sock');
  await listen(byPort, 0);
  await listen(byPath, socket);
  const { port } = byPort.address() as AddressInfo;
  return {
    facts: { outside, gatewayPid: process.pid, port, socket, toolchain, cache },
    folder,
    cache,
    toolchain,
    end: async () => {
      for (const server of [byPort, byPath]) await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parse(stdout: string, stderr: string): { outcomes: Outcomes; honest: readonly string[] } {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  } catch {
    throw new Error(`cannot read the outcomes: ${stdout} ${stderr}`);
  }
}

async function runPlain(): Promise<Outcomes> {
  const world = await makeWorld();
  try {
    const cwd = join(world.folder, 'plain');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'facts.json'), JSON.stringify(world.facts));
    writeFileSync(join(world.folder, 'handed-on'), '');
    const descriptor = openSync(join(world.folder, 'handed-on'), 'r');
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: cwd, TMPDIR: cwd, FN_ADMIN_TOKEN: 'secret' };
    const child = spawn(nodeProgram.file, [program], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe', descriptor],
    });
    const parts: [string[], string[]] = [[], []];
    child.stdout?.on('data', (data) => parts[0].push(String(data)));
    child.stderr?.on('data', (data) => parts[1].push(String(data)));
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    return parse(parts[0].join(''), parts[1].join('')).outcomes;
  } finally {
    await world.end();
  }
}

async function runInJail(network: BuildStep['network']): Promise<ReturnType<typeof parse>> {
  const world = await makeWorld();
  const launcher = {
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', launcherProgram],
  };
  const runner = new CommandRunner({
    launcher: { ...launcher, env: { FN_ADMIN_TOKEN: 'secret' } },
    cgroups: null,
    clock: systemClock,
    log: silentLog,
  });
  try {
    const files = [
      { path: 'attempts.js', copyOf: realpathSync(program) },
      { path: 'package.json', text: '{ "type": "module" }' },
      { path: 'facts.json', text: JSON.stringify(world.facts) },
    ];
    const place = { parent: world.folder, owner: null, registryFiles: [] };
    const workspace = makeWorkspace(files, place, () => {});
    const step: BuildStep = {
      tool: 'attempts',
      command: { file: nodeProgram.file, args: [`${workspacePlaceholder}/attempts.js`] },
      env: {},
      network,
      toolchain: [dirname(nodeProgram.file), world.toolchain],
      caches: [world.cache],
      timeoutMs: 60_000,
    };
    const { limits } = defaultBuildSettings;
    const host = { strict: true, limits, programs: loadSystemPrograms(), environment: {} };
    const run = planStep(step, workspace, 'attack', host);
    const { file, args, env, ownDir, workingDir, policy, folders, name, timeoutMs } = run;
    const plan = planCommand({
      ...{ policy, capabilities, system: loadSystemGrants(), file, args, env, ownDir, workingDir },
      identity: null,
    });
    const spec = { name, plan, limits: policy.limits, folders, timeoutMs };
    const outcome = await runner.run(spec, new AbortController().signal);
    assert.equal(outcome.kind, 'ok', JSON.stringify(outcome));
    return parse(outcome.stdout.join('\n'), outcome.stderr.join('\n'));
  } finally {
    await runner.close();
    await world.end();
  }
}

describe('the jail of builds', { skip }, () => {
  let plain: Outcomes = {};
  let jailed: ReturnType<typeof parse> = { outcomes: {}, honest: [] };

  before(async () => {
    [plain, jailed] = await Promise.all([runPlain(), runInJail('none')]);
  });
  after(() => {
    plain = {};
  });

  for (const [name, meets] of Object.entries(rows)) {
    test(`refuses to ${name}, which works outside`, (context) => {
      assert.match(jailed.outcomes[name] ?? 'missing', meets);
      // A host without the tool or the right shows nothing by failing.
      if (plain[name] !== 'through') context.diagnostic(`not shown on this host: ${plain[name]}`);
    });
  }

  test('shows most attempts to work without it', () => {
    const shown = Object.keys(rows).filter((name) => plain[name] === 'through');
    assert.ok(shown.length >= Object.keys(rows).length * 0.8, JSON.stringify(plain));
  });

  test('knows every attempt of the program', () => {
    const attempts = Object.keys(jailed.outcomes).filter((name) => !jailed.honest.includes(name));
    assert.deepEqual(attempts.sort(), Object.keys(rows).sort());
  });

  test('lets honest tools work', () => {
    for (const name of jailed.honest) assert.equal(jailed.outcomes[name], 'through', name);
    assert.ok(jailed.honest.length >= 9);
  });

  test('opens the network where registries are, and nothing else', async () => {
    const { outcomes } = await runInJail('registry');
    for (const name of online) assert.equal(outcomes[name], 'through', name);
    for (const [name, meets] of Object.entries(rows)) {
      if (!online.includes(name)) assert.match(outcomes[name] ?? 'missing', meets, name);
    }
  });
});
