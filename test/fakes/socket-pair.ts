// Two connected Unix stream sockets inside one test, as the gateway and a worker have them.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SocketPair {
  readonly gateway: Socket;
  readonly worker: Socket;
  close(): void;
}

/** The listening path is gone before this returns. */
export async function createSocketPair(): Promise<SocketPair> {
  const folder = await mkdtemp(join(tmpdir(), 'fastfn-pair-'));
  const path = join(folder, 's');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const worker = connect(path);
  const [gateway] = await accepted;
  server.close();
  await rm(folder, { recursive: true });
  worker.on('error', () => {
    // The gateway cuts connections on purpose in many tests.
  });
  return {
    gateway,
    worker,
    close: () => {
      gateway.destroy();
      worker.destroy();
    },
  };
}
