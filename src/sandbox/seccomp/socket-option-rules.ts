// Which options of a socket a worker may ask for and set, by level (socket(7), tcp(7), ip(7), ipv6(7), udp(7); numbers of
// <asm-generic/socket.h>, <linux/tcp.h>, <linux/in.h>, <linux/in6.h>, <linux/udp.h>). What is left out: TCP_ULP, which turns
// a TCP socket into one that Landlock's rules do not know (SMC) or loads kernel code (tls); programs attached to sockets
// (SO_ATTACH_*); SO_PEERPIDFD, a handle on the gateway; TCP_FASTOPEN_CONNECT; TCP_REPAIR.

import { type Check, type Rule, refuse } from './rule.ts';

interface SocketOptions {
  readonly level: number;
  readonly both: readonly number[];
  readonly getOnly: readonly number[];
}

const socketOptions: readonly SocketOptions[] = [
  {
    level: 1, // SOL_SOCKET
    // REUSEADDR, DONTROUTE, BROADCAST, SNDBUF, RCVBUF, KEEPALIVE, OOBINLINE, PRIORITY, LINGER, REUSEPORT, RCVLOWAT,
    // SNDLOWAT, RCVTIMEO, SNDTIMEO, TIMESTAMP, TIMESTAMPNS, BUSY_POLL, MAX_PACING_RATE, INCOMING_CPU, *TIMEO_NEW
    both: [2, 5, 6, 7, 8, 9, 10, 12, 13, 15, 18, 19, 20, 21, 29, 35, 46, 47, 49, 66, 67],
    getOnly: [3, 4, 30, 38, 39], // TYPE, ERROR, ACCEPTCONN, PROTOCOL, DOMAIN
  },
  {
    level: 6, // IPPROTO_TCP
    // NODELAY, MAXSEG, CORK, KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT, LINGER2, DEFER_ACCEPT, WINDOW_CLAMP, QUICKACK,
    // CONGESTION, USER_TIMEOUT, NOTSENT_LOWAT
    both: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 18, 25],
    getOnly: [11], // INFO
  },
  {
    level: 0, // IPPROTO_IP
    // TOS, TTL, PKTINFO, MTU_DISCOVER, RECVERR, RECVTTL, RECVTOS, BIND_ADDRESS_NO_PORT, MULTICAST_IF, _TTL, _LOOP,
    // ADD_, DROP_MEMBERSHIP, ADD_, DROP_SOURCE_MEMBERSHIP, MCAST_JOIN_, LEAVE_SOURCE_GROUP, MULTICAST_ALL
    both: [1, 2, 8, 10, 11, 12, 13, 24, 32, 33, 34, 35, 36, 39, 40, 46, 47, 49],
    getOnly: [14], // MTU
  },
  {
    level: 41, // IPPROTO_IPV6
    // UNICAST_HOPS, MULTICAST_IF, _HOPS, _LOOP, JOIN_, LEAVE_GROUP, MTU_DISCOVER, RECVERR, V6ONLY, MULTICAST_ALL,
    // MCAST_JOIN_, LEAVE_SOURCE_GROUP, RECVPKTINFO, PKTINFO, RECVHOPLIMIT, HOPLIMIT, RECVTCLASS, TCLASS
    both: [16, 17, 18, 19, 20, 21, 23, 25, 26, 29, 46, 47, 49, 50, 51, 52, 66, 67],
    getOnly: [24], // MTU
  },
  {
    level: 17, // IPPROTO_UDP
    both: [103, 104], // SEGMENT, GRO
    getOnly: [],
  },
];

const line = (level: number, options: readonly number[]): readonly Check[] => [
  { arg: 1, anyOf: [level] },
  { arg: 2, anyOf: options },
];

export function socketOptionRules(): Record<string, Rule> {
  const otherwise = refuse('EPERM');
  return {
    setsockopt: { allowWhen: socketOptions.map(({ level, both }) => line(level, both)), otherwise },
    getsockopt: {
      allowWhen: socketOptions.map(({ level, both, getOnly }) => line(level, [...both, ...getOnly])),
      otherwise,
    },
  };
}
