// What kind of place an IP address is, so that a directive of a function cannot lead into the operator's own networks (SSRF).
// Tables: IANA special-purpose registries (RFC 6890 and later), and the metadata services of clouds, which hand out secrets.

import { BlockList, isIP } from 'node:net';
import { AddressBlocks } from '../address-blocks.ts';

export type AddressClass = 'public' | 'private' | 'metadata';

const privateBlocks = new AddressBlocks([
  '0.0.0.0/8', // this host: Linux takes it for loopback
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier NAT
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '::/96', // unspecified, loopback, IPv4-compatible
  '64:ff9b:1::/48', // local NAT64
  '100::/64', // discard
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32', // documentation
  '3fff::/20', // documentation
  '5f00::/16', // segment routing
  'fc00::/7', // unique local
  'fe80::/10', // link-local
  'fec0::/10', // site-local, as it once was
  'ff00::/8', // multicast
]);

const metadataBlocks = new AddressBlocks([
  '169.254.169.254', // AWS, Azure, Google, DigitalOcean, Oracle
  '169.254.169.253', // AWS name service
  '169.254.169.123', // AWS time
  '169.254.170.2', // AWS container credentials
  '169.254.170.23', // AWS pod identity
  '100.100.100.200', // Alibaba
  '192.0.0.192', // Oracle
  'fd00:ec2::254', // AWS
  'fd00:ec2::253',
  'fd00:ec2::23',
  'fd20:ce::254', // Google
]);

const metadataNames: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** @param address as `isIP` takes it, without brackets; text that is no address counts as private */
export function classifyAddress(address: string): AddressClass {
  const plain = address.replace(/%.*$/, '');
  if (isIP(plain) === 0) return 'private';
  const inner = isIP(plain) === 6 ? embeddedAddress(plain) : null;
  if (inner !== null) return classifyAddress(inner);
  if (metadataBlocks.includes(plain)) return 'metadata';
  return privateBlocks.includes(plain) ? 'private' : 'public';
}

/** Of a host as the URL parser writes it; null where only its addresses can tell. */
export function classifyHost(host: string): AddressClass | null {
  const name = host.replace(/\.$/, '');
  const address = name.startsWith('[') ? name.slice(1, -1) : name;
  if (isIP(address) !== 0) return classifyAddress(address);
  if (metadataNames.has(name)) return 'metadata';
  return name === 'localhost' || name.endsWith('.localhost') ? 'private' : null;
}

const ipv4Carriers = blocksOf(['::ffff:0:0', 96], ['64:ff9b::', 96], ['2002::', 16]);

function blocksOf(...blocks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of blocks) list.addSubnet(address, prefix, 'ipv6');
  return list;
}

/** The IPv4 address that an IPv6 address stands for: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056); else null. */
function embeddedAddress(address: string): string | null {
  if (!ipv4Carriers.check(address, 'ipv6')) return null;
  const groups = groupsOf(address);
  const at = groups[0] === 0x2002 ? 1 : 6;
  const [high = 0, low = 0] = groups.slice(at, at + 2);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight 16-bit groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes it in full hexadecimal: no dotted part is left.
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) => Number.parseInt(group, 16));
}
