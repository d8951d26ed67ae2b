// Who is asking, and under which host name (contract/policy.md 7 "Trusted proxies"). Forwarding headers count only when
// the TCP peer is a proxy the operator has named; X-Forwarded-For is then read from right to left while hops are trusted.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { ForwardedOrigin } from '../invocation/invocation.ts';
import { AddressBlocks } from './address-blocks.ts';

export interface ClientAddress {
  /** The client, as far as trusted hops vouch for it. IPv4 in its plain form. */
  readonly ip: string;
  /**
   * `direct`: the peer is the client and claims nothing else. `trusted`: through a named proxy that said for whom.
   * `claimed`: forwarding headers from a peer that nobody named, or a named proxy that did not say.
   */
  readonly via: 'direct' | 'trusted' | 'claimed';
}

const forwardingHeaders = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
] as const;

export class ClientAddresses {
  readonly #trusted: AddressBlocks;

  /** @throws Error for text that is no address or CIDR; configuration has checked it before */
  constructor(trustedProxyCidrs: readonly string[]) {
    this.#trusted = new AddressBlocks(trustedProxyCidrs);
  }

  isTrusted(ip: string): boolean {
    return this.#trusted.includes(ip);
  }

  of(request: IncomingMessage): ClientAddress {
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    const { headers } = request;
    if (!this.isTrusted(peer)) {
      return {
        ip: peer,
        via: forwardingHeaders.some((name) => headers[name] !== undefined) ? 'claimed' : 'direct',
      };
    }
    const hops = headers['x-forwarded-for'];
    if (typeof hops !== 'string') return { ip: peer, via: 'claimed' };
    return this.#walk(peer, hops);
  }

  /** Hot path: the address alone. */
  ipOf(request: IncomingMessage): string {
    return this.#trusted.isEmpty ? plainAddress(request.socket.remoteAddress ?? '') : this.of(request).ip;
  }

  /** Lower-case host with its port; '' when absent. */
  hostOf(request: IncomingMessage): string {
    return (this.forwardedOf(request)?.host ?? request.headers.host ?? '').toLowerCase();
  }

  /** null unless the peer is a trusted proxy: what a stranger says counts for nothing. */
  forwardedOf(request: IncomingMessage): ForwardedOrigin | null {
    if (this.#trusted.isEmpty || !this.isTrusted(plainAddress(request.socket.remoteAddress ?? '')))
      return null;
    const proto = firstOf(request.headers['x-forwarded-proto'])?.toLowerCase();
    return {
      proto: proto === 'http' || proto === 'https' ? proto : null,
      host: firstOf(request.headers['x-forwarded-host']),
    };
  }

  /** By the connection itself, or by the word of a trusted proxy. */
  isHttps(request: IncomingMessage): boolean {
    const { encrypted = false } = request.socket as { readonly encrypted?: boolean };
    return encrypted || this.forwardedOf(request)?.proto === 'https';
  }

  /** A hop that is no address ends the walk: what stands before it is anybody's word, and the proxy did not say for whom. */
  #walk(peer: string, hops: string): ClientAddress {
    let ip = peer;
    for (const hop of hops.split(',').reverse()) {
      const next = hopAddress(hop.trim());
      if (next === null) return { ip, via: 'claimed' };
      ip = next;
      if (!this.isTrusted(ip)) break;
    }
    return { ip, via: 'trusted' };
  }
}

/** The first of the values in a list, the one nearest to the client. */
function firstOf(header: string | readonly string[] | undefined): string | null {
  return typeof header === 'string' ? (header.split(',', 1)[0] ?? '').trim() : null;
}

/** `::ffff:127.0.0.1`, as a dual-stack listener reports it, is 127.0.0.1. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`; null for anything else. */
function hopAddress(hop: string): string | null {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1];
  const withPort = /^([0-9.]+):\d+$/.exec(hop)?.[1];
  const address = plainAddress(bracketed ?? withPort ?? hop);
  return isIP(address) === 0 ? null : address;
}
