// A launcher and worker in one, for tests of the supervisor: takes a plan on stdin like the real launcher, dials in, and
// then behaves as the first argument of the plan says, without a jail.

import { spawn } from 'node:child_process';
import { mkdirSync, readSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { encodeMessage } from '../../src/protocol/frame-writer.ts';
import type { WorkerMessage } from '../../src/protocol/messages.ts';
import type { LaunchPlan } from '../../src/sandbox/launch-plan.ts';
import { WorkerPeer } from './worker-peer.ts';

/** How it dials in and what it does; `steady` is the one that does all right. */
export type Behaviour =
  | 'steady'
  | 'exit-at-start'
  | 'silent'
  | 'wrong-token'
  | 'long-hello'
  | 'refuse-load'
  | 'never-ready'
  | 'bad-frame'
  | 'flood'
  | 'ignore-end'
  | 'child'
  | 'temp-files'
  | 'memory';

function readPlan(): LaunchPlan {
  const bytes: Buffer[] = [];
  const piece = Buffer.alloc(65_536);
  for (;;) {
    const count = readSync(0, piece);
    if (count === 0) break;
    bytes.push(Buffer.from(piece.subarray(0, count)));
  }
  const all = Buffer.concat(bytes);
  if (all.length === 0) process.exit(0);
  return JSON.parse(all.subarray(4).toString('utf8')) as LaunchPlan;
}

const plan = readPlan();
const behaviour = plan.args[0] as Behaviour;

if (behaviour === 'exit-at-start') {
  process.stderr.write('{"launcher":"failed","step":"exec"}\n');
  process.exit(77);
}

const socket = connect({ path: plan.socketPath ?? '', allowHalfOpen: true });
const send = (message: WorkerMessage) => socket.write(encodeMessage(message));
const peer = new WorkerPeer(socket);
if (behaviour === 'wrong-token') socket.write(encodeMessage({ type: 'hello', token: 'guess' }));
else if (behaviour === 'long-hello') socket.write(Buffer.from([0x7f, 0, 0, 0]));
else if (behaviour !== 'silent') socket.write(encodeMessage({ type: 'hello', token: plan.token }));
if (behaviour === 'silent') setInterval(() => {}, 1_000);

socket.on('end', () => {
  if (behaviour === 'ignore-end') {
    process.on('SIGTERM', () => {});
    setInterval(() => {}, 1_000);
  } else process.exit(0);
});

function load(): void {
  if (behaviour === 'refuse-load') {
    send({ type: 'load_failed', error: 'SyntaxError: no', detail: 'at line 1' });
    return;
  }
  if (behaviour === 'never-ready') return;
  if (behaviour === 'child') {
    const { pid } = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    send({ type: 'log', id: 0, stream: 'stdout', text: `child ${pid}` });
  }
  if (behaviour === 'temp-files') {
    const deep = join(plan.workingDir, 'deep');
    mkdirSync(deep, { mode: 0o000 });
    symlinkSync('/etc', join(plan.workingDir, 'link'));
    writeFileSync(join(plan.workingDir, 'file'), 'x');
  }
  peer.ready(4);
}

peer.onMessage = (message) => {
  if (message.type === 'load') load();
  else if (message.type === 'ping') send({ type: 'pong', n: message.n });
  else if (message.type === 'invoke') invoked(message.id, message.event.do);
};

function invoked(id: number, task: unknown): void {
  if (behaviour === 'bad-frame') socket.write(Buffer.from([0, 0, 0, 0]));
  else if (behaviour === 'flood') flood(id);
  else if (behaviour === 'memory') {
    const hog = Buffer.alloc(200 * 1024 * 1024, 1);
    setInterval(() => hog.fill(2), 1_000);
  } else if (task === 'crash') process.exit(3);
  else if (task === 'result-and-exit') {
    socket.end(encodeMessage({ type: 'result', id, status: 200, headers: {}, body: { kind: 'none' } }), () =>
      process.exit(0),
    );
  } else peer.result(id, String(process.pid));
}

function flood(id: number): void {
  process.stdout.write(`${'x'.repeat(10_000)}\n`);
  for (let n = 0; n < 20_000; n += 1) process.stdout.write(`line ${n} ${'y'.repeat(40)}\n`);
  peer.result(id);
}
