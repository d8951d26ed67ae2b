// A worker program as a plain child process: no launcher, no jail, this process's own rights, with descriptors and an
// environment such as a careless parent hands on. Only attacks are run this way, to see them succeed before the jail is asked.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WorkerConnection } from '../protocol/connection.ts';
import { ProcessGroup } from '../supervisor/process-group.ts';
import type { WorkerSpec } from '../supervisor/worker-spec.ts';

/** Shown to nobody but a program that runs without a jail. */
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', SECRET_OF_THE_GATEWAY: 'seen' };

export interface PlainWorker {
  /** Rejects when the program ends before it is ready, or does not load. */
  readonly ready: Promise<{ readonly connection: WorkerConnection }>;
  readonly gone: Promise<{ readonly cause: 'crashed' }>;
  /** Kills it with all that it left in its process group; resolves when it is reaped. */
  end(): Promise<unknown>;
}

/** @param tempDir existing folder that is its own */
export function startPlainWorker(spec: WorkerSpec, tempDir: string): PlainWorker {
  const child = spawn(spec.command.file, spec.command.args, {
    cwd: tempDir,
    env: { ...environment, HOME: tempDir, TMPDIR: tempDir },
    detached: true,
    // The connection is 3, as for every worker; 4 and 5 are what should not be there.
    stdio: ['pipe', 'ignore', 'ignore', 'pipe', 'pipe', 'ignore'],
  });
  const group = new ProcessGroup(child);
  const gone = new Promise<{ readonly cause: 'crashed' }>((resolve) => {
    for (const event of ['exit', 'error']) child.once(event, () => resolve({ cause: 'crashed' }));
  });
  return {
    ready: load(child, spec),
    gone,
    end: () => {
      group.signal('SIGKILL');
      return gone;
    },
  };
}

async function load(child: ChildProcess, spec: WorkerSpec): Promise<{ connection: WorkerConnection }> {
  for (const stream of child.stdio.slice(3) as (Duplex | null)[]) stream?.on('error', () => {});
  child.stdin?.on('error', () => {});
  // An extra `pipe` of a child process is one end of a Unix socket pair.
  const socket = child.stdio[3] as unknown as Socket;
  const connection = new WorkerConnection(socket, { log: () => {}, fault: () => {}, closed: () => {} });
  const answer = await connection.load(spec.load);
  if (answer.type === 'load_failed') throw new Error(`cannot load an attack: ${answer.detail}`);
  return { connection };
}
