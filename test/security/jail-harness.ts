// Runs one program through the real launcher, as the supervisor would: spare process, plan on stdin, hello on a socket.
// Everything started here is ended here.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NamespaceFinding, NamespaceTier } from '../../src/gateway/namespace-tier.ts';
import { defaultResourceLimits, type SandboxPolicy } from '../../src/policy/sandbox-policy.ts';
import { probeCapabilities } from '../../src/sandbox/capabilities.ts';
import { encodeLaunchPlan, type LaunchPlan, planLaunch } from '../../src/sandbox/launch-plan.ts';
import { loadSystemGrants } from '../../src/sandbox/system-grants.ts';
import type { LauncherCommand } from '../../src/supervisor/launcher-process.ts';

export const capabilities = probeCapabilities();
const system = loadSystemGrants();
const launcherProgram = fileURLToPath(new URL('../../src/sandbox/launcher/main.ts', import.meta.url));

export interface JailedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly policy: SandboxPolicy;
  /** Changes the plan before it is sent, for example to take a layer away. */
  readonly alter?: (plan: LaunchPlan) => LaunchPlan;
  /** What the gateway's side sends after the hello. */
  readonly send?: string;
  /** Extra inherited descriptors for the launcher, beyond 0-2. */
  readonly inherit?: readonly number[];
  readonly timeoutMs?: number;
  /** Called with the pid at the program's first output. */
  readonly started?: (pid: number) => void;
}

export interface JailedRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The bytes that the launcher and then the program sent over the connection. */
  readonly received: string;
  readonly pid: number;
  readonly tempDir: string;
  readonly milliseconds: number;
}

/** A policy that grants nothing beyond the host's own files. */
export function policyWith(changes: {
  readonly strict?: boolean;
  readonly namespace?: boolean;
  readonly files?: Partial<SandboxPolicy['files']>;
  readonly network?: Partial<SandboxPolicy['network']>;
  readonly limits?: Partial<SandboxPolicy['limits']>;
}): SandboxPolicy {
  return {
    strict: changes.strict ?? true,
    namespace: changes.namespace ?? false,
    files: { read: [], list: [], write: [], execute: [], ...changes.files },
    network: { outboundTcp: 'all', udp: true, ...changes.network },
    limits: { ...defaultResourceLimits, ...changes.limits },
  };
}

/** A scratch folder without links in its path; the caller removes it. */
export function scratchFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-jail-')));
}

function listenOn(path: string, onSocket: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onSocket);
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const parts: Buffer[] = [];
  stream?.on('data', (part: Buffer) => parts.push(part));
  stream?.on('error', () => {});
  return () => Buffer.concat(parts).toString('utf8');
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

const launcherCommand = {
  file: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', launcherProgram],
};

/** Whether this host gives minimal roots; asked when a test first wants one. */
export const namespaceTier = new NamespaceTier({
  config: { workerUser: null },
  capabilities,
  programs: {
    launcher: launcherCommand,
    idle: { file: realpathSync(process.execPath), args: ['--version'], readable: [] },
  },
  system,
  tempParent: realpathSync(tmpdir()),
});

async function findNamespace(policy: SandboxPolicy): Promise<NamespaceFinding | null> {
  return policy.namespace === true ? await namespaceTier.find() : null;
}

function startLauncher(
  { file, args }: Pick<LauncherCommand, 'file' | 'args'>,
  inherit: readonly number[],
): ChildProcess {
  return spawn(file, args, {
    detached: true,
    env: { SECRET_OF_THE_GATEWAY: 'must not be seen' },
    stdio: ['pipe', 'pipe', 'pipe', ...inherit],
  });
}

/** Starts the launcher, hands it the plan, and waits until the program has ended. */
export async function runJailed(command: JailedCommand): Promise<JailedRun> {
  const folder = scratchFolder();
  const tempDir = join(folder, 'tmp');
  mkdirSync(tempDir, { mode: 0o700 });
  const socketPath = join(folder, 'fn-test.sock');
  const sockets = new Set<Socket>();
  let received = '';
  const server = await listenOn(socketPath, (socket) => {
    sockets.add(socket);
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    socket.on('error', () => {});
    if (command.send !== undefined) socket.write(command.send);
  });
  const namespace = await findNamespace(command.policy);
  const plan = planLaunch({
    policy: command.policy,
    capabilities,
    system,
    command: {
      file: command.file,
      args: command.args,
      ...(command.env === undefined ? {} : { env: command.env }),
    },
    socketPath,
    token: 'one-time',
    tempDir,
    hostEnv: { TZ: 'UTC' },
    namespaceWay: namespace?.way ?? null,
  });
  const started = performance.now();
  const starts = namespace !== null && namespace.way !== null ? namespace.launcher : launcherCommand;
  const child = startLauncher(starts, command.inherit ?? []);
  const timer = setTimeout(() => child.kill('SIGKILL'), command.timeoutMs ?? 20_000);
  try {
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    child.stdin?.on('error', () => {});
    child.stdout?.once('data', () => command.started?.(child.pid ?? 0));
    child.stdin?.end(encodeLaunchPlan(command.alter?.(plan) ?? plan));
    const { code, signal } = await ended(child);
    const milliseconds = performance.now() - started;
    // Whatever a program without a jail left behind goes with its group.
    if (child.pid !== undefined) killGroup(child.pid);
    return {
      stdout: stdout(),
      stderr: stderr(),
      code,
      signal,
      received,
      pid: child.pid ?? 0,
      tempDir,
      milliseconds,
    };
  } finally {
    clearTimeout(timer);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody was left.
  }
}

/** Everything a program needs of the Node that runs the tests. */
export const nodeProgram = {
  file: realpathSync(process.execPath),
  read: [dirname(realpathSync(process.execPath))],
};

/** The real interpreter behind version managers' shims, or null when this host has no Python. */
function findPython(): { readonly file: string; readonly read: readonly string[] } | null {
  const question = 'import os,sys;print(os.path.realpath(sys.executable));print(sys.base_prefix)';
  try {
    const [file, prefix] = execFileSync('python3', ['-c', question], { encoding: 'utf8' }).trim().split('\n');
    return file === undefined || prefix === undefined ? null : { file, read: [realpathSync(prefix)] };
  } catch {
    return null;
  }
}

export const python = findPython();
