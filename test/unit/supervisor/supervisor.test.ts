import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import type { GatewayError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { defaultResourceLimits } from '../../../src/policy/sandbox-policy.ts';
import type { WorkerConnection } from '../../../src/protocol/connection.ts';
import { encodeMessage } from '../../../src/protocol/frame-writer.ts';
import type { LaunchPlan } from '../../../src/sandbox/launch-plan.ts';
import { peerPid } from '../../../src/sandbox/peer-credentials.ts';
import { Supervisor, type SupervisorOptions } from '../../../src/supervisor/supervisor.ts';
import type { GoneWorker, ReadyWorker, WorkerSpec } from '../../../src/supervisor/worker-spec.ts';
import type { Behaviour } from '../../fakes/launcher-program.ts';

const program = join(import.meta.dirname, '../../fakes/launcher-program.ts');

interface Subject {
  readonly supervisor: Supervisor;
  readonly folder: string;
  readonly ready: ReadyWorker[];
  readonly gone: GoneWorker[];
  /** Resolves when `workerGone` was told for the id. */
  goneOf(workerId: string): Promise<GoneWorker>;
  readyOf(workerId: string): Promise<ReadyWorker>;
}

const open: Subject[] = [];
afterEach(async () => {
  for (const { supervisor, folder } of open.splice(0)) {
    await supervisor.close();
    assert.deepEqual(readdirSync(folder), [], 'no socket and no folder is left');
    rmSync(folder, { recursive: true });
  }
});

function spec(behaviour: Behaviour, memoryBytes = defaultResourceLimits.memoryBytes): WorkerSpec {
  return {
    poolKey: `node/${behaviour}@default#1`,
    functionKey: `node/${behaviour}@default`,
    runtime: 'node',
    command: { file: process.execPath, args: [behaviour] },
    sandbox: {
      strict: false,
      files: { read: [], list: [], write: [], execute: [] },
      network: { outboundTcp: 'none', udp: false },
      limits: { ...defaultResourceLimits, memoryBytes },
    },
    load: {
      type: 'load',
      protocol: 1,
      function: 'x',
      version: 'default',
      entry: '/x/handler.js',
      root: '/x',
      handler: 'handler',
      adapter: 'native',
      env: {},
      strict: false,
      readable: [],
      writable: [],
      dependencies: [],
      context: {},
      maxOutputBytes: 1_000,
    },
  };
}

async function create(over: Partial<SupervisorOptions> = {}): Promise<Subject> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-sup-')));
  const ready: ReadyWorker[] = [];
  const gone: GoneWorker[] = [];
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const look of [...waiting]) look();
  };
  const supervisor = await Supervisor.open({
    listener: {
      workerReady: (worker) => {
        ready.push(worker);
        tell();
      },
      workerGone: (worker) => {
        gone.push(worker);
        tell();
      },
    },
    launcher: { file: process.execPath, args: [program], env: {} },
    spareLaunchers: 0,
    planLaunch: (each, place) =>
      ({
        protocol: 1,
        socketPath: place.socketPath,
        token: place.token,
        args: each.command.args,
        workingDir: place.tempDir,
      }) as unknown as LaunchPlan,
    peerPid,
    sockets: { baseDir: join(folder, 'sockets'), runtimes: ['node', 'python'], paths: new Map() },
    tempParent: folder,
    clock: systemClock,
    log: silentLog,
    random: () => 0.5,
    ...over,
  });
  const when = <T extends { workerId: string }>(list: readonly T[], workerId: string) =>
    new Promise<T>((resolve) => {
      const look = () => {
        const found = list.find((each) => each.workerId === workerId);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const subject = {
    supervisor,
    folder,
    ready,
    gone,
    goneOf: (id: string) => when(gone, id),
    readyOf: (id: string) => when(ready, id),
  };
  open.push(subject);
  return subject;
}

/** The text of a result, `done` for one without, or the code of what went wrong. */
function invoke(connection: WorkerConnection, event: Record<string, unknown> = {}): Promise<string> {
  return new Promise((resolve) => {
    connection.invoke(
      { remainingMs: 5_000, event: JSON.stringify(event), body: null },
      {
        result: ({ body }) => resolve(body.kind === 'text' ? body.text : 'done'),
        error: ({ error }) => resolve(error),
        lost: (error: GatewayError) => resolve(error.code),
        chunk: () => {},
        bodyEnd: () => {},
        log: () => {},
      },
    );
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until the process is gone and reaped; fails after 3 s. */
async function ended(pid: number): Promise<void> {
  for (let n = 0; n < 150 && isAlive(pid); n += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(isAlive(pid), false, `process ${pid} is still there`);
}

test('supervisor: a worker starts, keeps its pid through the launch, answers, and ends when stopped', async () => {
  const { supervisor, readyOf, goneOf } = await create();
  const id = supervisor.start(spec('steady'));
  const worker = await readyOf(id);
  assert.equal(worker.concurrency, 4);
  assert.equal(await invoke(worker.connection), String(worker.pid));
  assert.equal(supervisor.snapshot().workers[0]?.state, 'ready');
  supervisor.stop(id, 'idle');
  const gone = await goneOf(id);
  assert.equal(gone.cause, 'idle');
  await ended(worker.pid);
});

test('supervisor: a spare launcher is used for the next start and replaced', async () => {
  const { supervisor, readyOf } = await create({ spareLaunchers: 1 });
  assert.equal(supervisor.snapshot().spares, 1);
  await readyOf(supervisor.start(spec('steady')));
  for (let n = 0; n < 100 && supervisor.snapshot().spares === 0; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(supervisor.snapshot().spares, 1);
});

test('supervisor: a launcher that dies before it dials in is a failed start with backoff', async () => {
  const { supervisor, goneOf } = await create();
  const before = systemClock.now();
  const gone = await goneOf(supervisor.start(spec('exit-at-start')));
  assert.equal(gone.cause, 'start_failed');
  assert.ok(gone.retryAt >= before + 500);
  const second = await goneOf(supervisor.start(spec('exit-at-start')));
  assert.ok(second.retryAt - systemClock.now() > 900, 'doubled');
  assert.equal(supervisor.snapshot().failing[0]?.failures, 2);
});

test('supervisor: a launcher that cannot be spawned is a failed start', async () => {
  const { supervisor, goneOf } = await create({ launcher: { file: '/nonexistent/node', args: [], env: {} } });
  assert.equal((await goneOf(supervisor.start(spec('steady')))).cause, 'start_failed');
});

test('supervisor: a plan that cannot be made is a failed start', async () => {
  const { supervisor, goneOf } = await create({
    planLaunch: () => {
      throw new Error('cannot plan');
    },
  });
  assert.equal((await goneOf(supervisor.start(spec('steady')))).cause, 'start_failed');
});

for (const behaviour of ['silent', 'never-ready', 'wrong-token', 'long-hello'] as const) {
  test(`supervisor: a ${behaviour} worker is killed when its start takes too long`, async () => {
    const { supervisor, goneOf } = await create({ startTimeoutMs: 700 });
    const id = supervisor.start(spec(behaviour));
    assert.equal((await goneOf(id)).cause, 'start_failed');
  });
}

test('supervisor: the right token from another process is not let in', async () => {
  const { supervisor, goneOf } = await create({ peerPid: () => 1, startTimeoutMs: 700 });
  assert.equal((await goneOf(supervisor.start(spec('steady')))).cause, 'start_failed');
});

test('supervisor: strangers at the socket are cut off', async () => {
  const { supervisor } = await create();
  const stranger = connect(supervisor.socketPath('node'));
  stranger.write(encodeMessage({ type: 'hello', token: 'x'.repeat(48) }));
  stranger.on('error', () => {});
  await new Promise((resolve) => stranger.once('close', resolve));
});

test('supervisor: a function that does not load is told with its message, and backs off', async () => {
  const { supervisor, goneOf } = await create();
  const gone = await goneOf(supervisor.start(spec('refuse-load')));
  assert.equal(gone.cause, 'load_failed');
  assert.equal(gone.message, 'SyntaxError: no');
  assert.ok(gone.retryAt > systemClock.now());
});

test('supervisor: a crash loses the calls; the first may be replaced at once, the next backs off', async () => {
  const { supervisor, readyOf, goneOf } = await create();
  const first = await readyOf(supervisor.start(spec('steady')));
  assert.equal(await invoke(first.connection, { do: 'crash' }), 'worker_crashed');
  const gone = await goneOf(first.workerId);
  assert.equal(gone.cause, 'crashed');
  assert.ok(gone.retryAt <= systemClock.now());
  const second = await readyOf(supervisor.start(spec('steady')));
  await invoke(second.connection, { do: 'crash' });
  assert.ok((await goneOf(second.workerId)).retryAt > systemClock.now());
  await ended(first.pid);
});

test('supervisor: a result sent just before the exit is not lost', async () => {
  const { supervisor, readyOf, goneOf } = await create();
  const worker = await readyOf(supervisor.start(spec('steady')));
  assert.equal(await invoke(worker.connection, { do: 'result-and-exit' }), 'done');
  await goneOf(worker.workerId);
});

test('supervisor: a bad frame ends the worker', async () => {
  const { supervisor, readyOf, goneOf } = await create();
  const worker = await readyOf(supervisor.start(spec('bad-frame')));
  assert.equal(await invoke(worker.connection), 'bad_worker_reply');
  assert.equal((await goneOf(worker.workerId)).cause, 'bad_frame');
  await ended(worker.pid);
});

test('supervisor: a flood of output neither blocks the worker for good nor goes to the log whole', async () => {
  let logged = 0;
  const log = silentLog.child({}, { level: 'info' });
  log.info = (() => {
    logged += 1;
  }) as typeof log.info;
  const { supervisor, readyOf } = await create({ log });
  const worker = await readyOf(supervisor.start(spec('flood')));
  assert.equal(await invoke(worker.connection), 'ok');
  assert.ok(logged > 0 && logged <= 1_000, `${logged} lines`);
});

test('supervisor: a worker that ignores the end of file and SIGTERM is killed', async () => {
  const { supervisor, readyOf, goneOf } = await create();
  const worker = await readyOf(supervisor.start(spec('ignore-end')));
  supervisor.stop(worker.workerId, 'replaced');
  assert.equal(supervisor.snapshot().workers[0]?.state, 'draining');
  await ended(worker.pid);
  assert.equal((await goneOf(worker.workerId)).cause, 'replaced');
});

test('supervisor: a kill takes the whole group with it, and the first cause sticks', async () => {
  const childPid = Promise.withResolvers<number>();
  const log = silentLog.child({}, { level: 'info' });
  log.info = ((_: unknown, text: string) => {
    const pid = /^child (\d+)$/.exec(text)?.[1];
    if (pid !== undefined) childPid.resolve(Number(pid));
  }) as typeof log.info;
  const { supervisor, readyOf, goneOf } = await create({ log });
  const worker = await readyOf(supervisor.start(spec('child')));
  const call = invoke(worker.connection, { do: 'nothing' });
  await call;
  supervisor.kill(worker.workerId, 'deadline');
  supervisor.kill(worker.workerId, 'memory');
  assert.equal((await goneOf(worker.workerId)).cause, 'deadline');
  await ended(worker.pid);
  await ended(await childPid.promise);
});

test('supervisor: what a dead leader left in its group is killed', async () => {
  const childPid = Promise.withResolvers<number>();
  const log = silentLog.child({}, { level: 'info' });
  log.info = ((_: unknown, text: string) => {
    const pid = /^child (\d+)$/.exec(text)?.[1];
    if (pid !== undefined) childPid.resolve(Number(pid));
  }) as typeof log.info;
  const { supervisor, readyOf } = await create({ log });
  const worker = await readyOf(supervisor.start(spec('child')));
  await invoke(worker.connection, { do: 'crash' });
  await ended(await childPid.promise);
});

test('supervisor: a worker over its memory is ended for it', async () => {
  const { supervisor, readyOf, goneOf } = await create();
  const worker = await readyOf(supervisor.start(spec('memory', 150 * 1024 * 1024)));
  assert.equal(await invoke(worker.connection), 'worker_crashed');
  assert.equal((await goneOf(worker.workerId)).cause, 'memory');
});

test('supervisor: the private folder goes with the worker, and links in it are not followed', async () => {
  const subject = await create();
  const worker = await subject.readyOf(subject.supervisor.start(spec('temp-files')));
  subject.supervisor.stop(worker.workerId, 'idle');
  await subject.goneOf(worker.workerId);
  assert.ok(readdirSync('/etc').length > 0);
});

test('supervisor: close ends workers in every state and spares, is idempotent, and refuses what comes later', async () => {
  const { supervisor, readyOf, goneOf } = await create({ spareLaunchers: 1, metrics: createMetrics() });
  const ids = [
    supervisor.start(spec('steady')),
    supervisor.start(spec('ignore-end')),
    supervisor.start(spec('never-ready')),
    supervisor.start(spec('silent')),
  ];
  await readyOf(ids[0] ?? '');
  await readyOf(ids[1] ?? '');
  const started = systemClock.now();
  assert.equal(supervisor.close(), supervisor.close());
  await supervisor.close();
  assert.ok(systemClock.now() - started < 4_000);
  for (const id of ids) assert.equal((await goneOf(id)).cause, 'drain');
  assert.deepEqual(supervisor.snapshot().workers, []);
  assert.equal((await goneOf(supervisor.start(spec('steady')))).cause, 'drain');
});
