// Where the edge takes connections from, and how it lets go of them when another gateway follows on the same socket.

import type { Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Clock } from '../clock.ts';

export interface ListenPlace {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** A listening TCP socket that this process was given; it is used in place of host and port. */
  readonly descriptor: number | null;
  readonly scheme: 'http' | 'https';
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** Rejects with the system's own error (EADDRINUSE …). */
export async function listenOn(server: Server, place: ListenPlace): Promise<ListenAddress> {
  const { host, port, descriptor } = place;
  const listening = Promise.withResolvers<void>();
  server.once('listening', listening.resolve).once('error', listening.reject);
  server.listen(descriptor === null ? { host, port } : { fd: descriptor });
  try {
    await listening.promise;
  } finally {
    server.off('listening', listening.resolve).off('error', listening.reject);
  }
  return addressOf(server, place.scheme);
}

function addressOf(server: Server, scheme: string): ListenAddress {
  const address = server.address() as AddressInfo | string | null;
  if (address === null || typeof address === 'string')
    throw new Error('cannot listen on the socket that was passed: it is no TCP socket');
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { host: address.address, port: address.port, url: `${scheme}://${shown}:${address.port}` };
}

/**
 * Takes no new connection: they wait in the socket for whoever takes it over. Those that are open go on; resolves when the
 * last one has ended, or after `patienceMs`.
 */
export function stopAccepting(server: Server, clock: Clock, patienceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(patienceMs, resolve);
  // Not http.Server's own close: that one also cuts connections whose next request is already on its way.
  NetServer.prototype.close.call(server, () => resolve());
  return promise.finally(() => timer.cancel());
}
