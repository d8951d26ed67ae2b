// Which kinds of addresses a function's policy lets a directive reach: public ones always, private ones where it says so,
// metadata services of clouds only where they are named one by one.

import { isIP } from 'node:net';
import type { EdgePolicy } from '../../policy/edge-policy.ts';
import { AddressBlocks } from '../address-blocks.ts';
import type { AddressClass } from './address-class.ts';

export interface Place {
  readonly place: AddressClass;
  /** Host as the URL parser writes it, or an address. */
  readonly host: string;
}

export function mayReach(policy: EdgePolicy, { place, host }: Place): boolean {
  if (place === 'public') return true;
  const address = host.startsWith('[') ? host.slice(1, -1) : host;
  const { allowPrivate, allowHosts } = policy;
  if (place === 'metadata') return isNamed(policy, address, host);
  if (typeof allowPrivate === 'boolean') return allowPrivate;
  if (isIP(address) !== 0) return new AddressBlocks(allowPrivate).includes(address);
  // `localhost`: its addresses are checked when they are known.
  return allowHosts.some(({ name }) => name === host);
}

/** A block that holds it is not enough: whoever opens 169.254.0.0/16 need not have meant the credentials of the machine. */
function isNamed({ allowPrivate, allowHosts }: EdgePolicy, address: string, host: string): boolean {
  if (allowPrivate === false) return false;
  if (typeof allowPrivate !== 'boolean') {
    return allowPrivate.some((block) => block.replace(/\/(?:32|128)$/, '') === address);
  }
  return allowHosts.some(({ name }) => name === host);
}

/** Policies with the same key reach the same addresses, and may share connections. */
export function reachKey({ allowPrivate, allowHosts }: EdgePolicy): string {
  if (allowPrivate === false) return 'public';
  // Of the hosts only those named exactly can open anything.
  const named = allowHosts.map(({ name }) => name).filter((name) => !name.startsWith('*'));
  return JSON.stringify([allowPrivate, [...new Set(named)].sort()]);
}
