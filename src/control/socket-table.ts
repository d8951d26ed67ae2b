// The kernel's table of TCP connections (/proc/net/tcp and tcp6, proc_pid_net(5)): finds the inode of one socket by both of
// its ends. Addresses stand there as the host's own 32-bit words in hexadecimal.

import { isIPv4, isIPv6 } from 'node:net';
import { endianness } from 'node:os';

export interface SocketEnd {
  readonly address: string;
  readonly port: number;
}

/** Texts of the two tables. */
export interface SocketTables {
  readonly tcp: string;
  readonly tcp6: string;
}

/** An IPv4 peer of a socket for both families. */
const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function ipv4Bytes(address: string): number[] {
  return address.split('.').map(Number);
}

/** Groups before and after `::`, the last of which may be an IPv4 address (RFC 4291 2.2). */
function ipv6Bytes(address: string): number[] {
  const bytesOf = (groups: string): number[] =>
    groups === ''
      ? []
      : groups
          .split(':')
          .flatMap((group) =>
            isIPv4(group)
              ? ipv4Bytes(group)
              : [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255],
          );
  const [head = '', tail] = address.split('::');
  if (tail === undefined) return bytesOf(head);
  const [before, after] = [bytesOf(head), bytesOf(tail)];
  return [...before, ...Array<number>(16 - before.length - after.length).fill(0), ...after];
}

function toHex(bytes: readonly number[]): string {
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    const ordered = endianness() === 'LE' ? word.reverse() : word;
    words.push(ordered.map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
  return words.join('').toUpperCase();
}

/** The end as it stands in the table of each family; null where it cannot be in it. */
function spell({ address, port }: SocketEnd): { readonly tcp: string | null; readonly tcp6: string | null } {
  const [plain = ''] = address.replace(/^::ffff:(?=\d+\.)/i, '').split('%');
  const suffix = `:${port.toString(16).padStart(4, '0').toUpperCase()}`;
  if (isIPv4(plain)) {
    const bytes = ipv4Bytes(plain);
    return { tcp: toHex(bytes) + suffix, tcp6: toHex([...mappedPrefix, ...bytes]) + suffix };
  }
  return { tcp: null, tcp6: isIPv6(plain) ? toHex(ipv6Bytes(plain)) + suffix : null };
}

/**
 * Inode of the socket whose own end is `local`; 0 when no process holds it any more, null when there is none.
 */
export function findSocketInode(tables: SocketTables, local: SocketEnd, remote: SocketEnd): number | null {
  const [near, far] = [spell(local), spell(remote)];
  for (const family of ['tcp', 'tcp6'] as const) {
    const [from, to] = [near[family], far[family]];
    if (from === null || to === null) continue;
    const at = tables[family].indexOf(`: ${from} ${to} `);
    if (at === -1) continue;
    // sl, local, remote, st, queues, timer, retransmits, uid, timeout, inode: seven fields behind the two ends.
    const [line = ''] = tables[family].slice(at, at + 400).split('\n', 1);
    return Number(line.trim().split(/\s+/)[9] ?? 0);
  }
  return null;
}
