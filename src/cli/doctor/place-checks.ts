// The places that a gateway takes on this machine: its port and its socket folder.

import { lstatSync } from 'node:fs';
import { createServer } from 'node:net';
import { type ConfigFault, faultText } from '../../config/config-fault.ts';
import type { GatewayConfig } from '../../config/gateway-config.ts';
import type { Check } from './check.ts';

/** FAIL: not a port; WARN: taken (perhaps by the gateway that is meant to run). */
export async function portCheck(config: GatewayConfig, fault: ConfigFault | undefined): Promise<Check> {
  const id = 'project.port';
  if (fault !== undefined) return { id, status: 'FAIL', message: faultText(fault) };
  const place = `${config.host}:${config.port}`;
  const failure = await tryToListen(config.host, config.port);
  if (failure === null) return { id, status: 'OK', message: `${place} is free` };
  const hint = 'stop the process that has it, or set FN_HOST_PORT to another port';
  return { id, status: 'WARN', message: `cannot listen on ${place} (${failure})`, hint };
}

/** Opens and closes the port; null when that worked, else the error's code. */
function tryToListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** Another user who can write the folder could put a socket of their own where workers dial in. */
export function socketFolderCheck(dir: string): Check {
  const id = 'sockets.dir';
  try {
    const found = lstatSync(dir);
    if (!found.isDirectory()) return unsafe(id, `${dir} is no folder (or a link to one)`);
    if (found.uid !== process.getuid?.()) return unsafe(id, `${dir} belongs to another user`);
    const open = (found.mode & 0o077) !== 0;
    return open
      ? { ...unsafe(id, `${dir} is open to other users`), status: 'WARN' }
      : { id, status: 'OK', message: `${dir} is private` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? { id, status: 'OK', message: `${dir} will be created` }
      : unsafe(id, `${dir} cannot be looked at (${code})`);
  }
}

function unsafe(id: string, message: string): Check {
  return { id, status: 'FAIL', message, hint: 'remove it, or set FN_SOCKET_BASE_DIR to a private folder' };
}
