// Whether an address lies in one of the blocks that the operator has named (proxies, local networks).

import { BlockList, isIP } from 'node:net';

export class AddressBlocks {
  /** null: no blocks, the usual case, costs nothing to ask. */
  readonly #list: BlockList | null;

  /** @throws Error for text that is no address or CIDR; configuration has checked it before */
  constructor(cidrs: readonly string[]) {
    this.#list = cidrs.length === 0 ? null : blockList(cidrs);
  }

  get isEmpty(): boolean {
    return this.#list === null;
  }

  /** `ip`: in its plain form; text that is no address is in no block. */
  includes(ip: string): boolean {
    return this.#list?.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4') ?? false;
  }
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
