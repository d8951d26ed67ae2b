// Network grants as values: compared, narrowed, put into words. What enforces them is the sandbox folder's affair.

import type { NetworkGrants } from './sandbox-policy.ts';

export const openNetwork: NetworkGrants = Object.freeze({ outboundTcp: 'all', udp: true });
export const closedNetwork: NetworkGrants = Object.freeze({ outboundTcp: 'none', udp: false });

/** Ports in order and each once; no port at all is `none`. */
export function networkOfPorts(ports: readonly number[], udp: boolean): NetworkGrants {
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  return Object.freeze({ outboundTcp: sorted.length === 0 ? 'none' : Object.freeze(sorted), udp });
}

/** What both allow. */
export function narrowNetwork(asked: NetworkGrants, widest: NetworkGrants): NetworkGrants {
  const udp = asked.udp && widest.udp;
  const [one, other] = [asked.outboundTcp, widest.outboundTcp];
  if (one === 'all') return Object.freeze({ outboundTcp: other, udp });
  if (other === 'all') return Object.freeze({ outboundTcp: one, udp });
  if (one === 'none' || other === 'none') return Object.freeze({ outboundTcp: 'none', udp });
  return networkOfPorts(
    one.filter((port) => other.includes(port)),
    udp,
  );
}

/** Whether `narrowNetwork` would take something away. */
export function isWiderThan(asked: NetworkGrants, widest: NetworkGrants): boolean {
  if (asked.udp && !widest.udp) return true;
  const [one, other] = [asked.outboundTcp, widest.outboundTcp];
  if (other === 'all' || one === 'none') return false;
  return one === 'all' || other === 'none' || one.some((port) => !other.includes(port));
}

/** Anything less than all: only the kernel can hold a worker to it. */
export function isConfined(network: NetworkGrants): boolean {
  return network.outboundTcp !== 'all' || !network.udp;
}

/** `all`, `none`, `tcp 443 and udp`, `tcp 80, 443`. */
export function describeNetwork({ outboundTcp, udp }: NetworkGrants): string {
  if (outboundTcp === 'all') return udp ? 'all' : 'tcp to all ports';
  if (outboundTcp === 'none') return udp ? 'udp' : 'none';
  return `tcp ${outboundTcp.join(', ')}${udp ? ' and udp' : ''}`;
}
