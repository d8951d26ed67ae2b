// Name look-up for connections to upstreams: every address is judged before it is handed to the socket, which connects to
// exactly these. So a name that changes its mind between a check and the connection (DNS rebinding) gains nothing.

import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import pLimit from 'p-limit';
import type { EdgePolicy } from '../../policy/edge-policy.ts';
import { type AddressClass, classifyAddress, classifyHost } from './address-class.ts';
import { mayReach } from './reach.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export type ResolveName = (name: string) => Promise<readonly ResolvedAddress[]>;

/** The name leads to an address that the function's policy does not open. */
export class PrivateAddressError extends Error {
  constructor(name: string, addresses: readonly ResolvedAddress[]) {
    super(`cannot connect to ${name}: ${addresses.map(({ address }) => address).join(', ')} is not public`);
    this.name = 'PrivateAddressError';
  }
}

/** getaddrinfo occupies a thread of the pool of four that files need too: a slow name server must not take them all. */
const maxLookups = 2;

/** Through the host's own resolver, so that /etc/hosts counts. */
export function systemResolver(): ResolveName {
  const limit = pLimit(maxLookups);
  const running = new Map<string, Promise<readonly ResolvedAddress[]>>();
  return (name) => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const looking = limit(() => systemLookup(name, { all: true })).finally(() => running.delete(name));
    running.set(name, looking);
    return looking;
  };
}

/** For `net.connect`; a literal address is not looked up, and has been judged with the URL. */
export function guardedLookup(policy: EdgePolicy, resolve: ResolveName): LookupFunction {
  return (name, options, callback) => {
    resolve(name).then(
      (addresses) => {
        const permitted = permittedAddresses(policy, name, addresses);
        const [first] = permitted;
        if (first === undefined) callback(new PrivateAddressError(name, addresses), '', 0);
        else if (options.all === true)
          callback(
            null,
            permitted.map((found) => ({ ...found })),
          );
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
}

function permittedAddresses(
  policy: EdgePolicy,
  name: string,
  addresses: readonly ResolvedAddress[],
): readonly ResolvedAddress[] {
  const permitted = addresses.filter(({ address }) => {
    const place = classifyAddress(address);
    return mayReach(policy, { place, host: address }) || isNamedMetadata(policy, place, name);
  });
  // Public and private in one answer is what an attack looks like, and no honest public name.
  return policy.allowPrivate === false && permitted.length < addresses.length ? [] : permitted;
}

/** `metadata.google.internal` in `allow_hosts` means its address too; any other name there does not mean that one. */
function isNamedMetadata(policy: EdgePolicy, place: AddressClass, name: string): boolean {
  return place === 'metadata' && classifyHost(name) === 'metadata' && mayReach(policy, { place, host: name });
}
