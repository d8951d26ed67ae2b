// Host allow-lists (`invoke.allow_hosts`, contract/routing.md 8): which hosts a route is for. A list of which every entry
// was bad is an empty list and lets nobody in; `null` is no list and lets everybody in.

export type HostList = readonly string[] | null;

const maxHostLength = 200;
/** A host name, a bracketed IPv6 address, or `*.` and a host name; a port may follow and has no effect. */
const hostPattern = /^(?:\[[0-9a-f:.]+\]|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::\d{1,5})?$/;

export interface ParsedHosts {
  readonly hosts: readonly string[];
  /** Entries that cannot match any host, as written. */
  readonly bad: readonly string[];
}

/** Accepts an array of texts or one text with commas. Hosts come back lower-cased and without port. */
export function parseHostList(value: unknown): ParsedHosts {
  const raw: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [value];
  const hosts = new Set<string>();
  const bad: string[] = [];
  for (const item of raw) {
    const text = typeof item === 'string' ? item.trim().toLowerCase() : '';
    if (text.length <= maxHostLength && hostPattern.test(text)) hosts.add(hostName(text));
    else if (item !== '') bad.push(typeof item === 'string' ? item : (JSON.stringify(item) ?? ''));
  }
  return { hosts: [...hosts], bad };
}

/** Host without port and final dot, lower-cased: `API.x:8443` → `api.x`, `[::1]:80` → `[::1]`. */
export function hostName(host: string): string {
  const text = host.toLowerCase();
  const end = text.startsWith('[') ? text.indexOf(']') + 1 : text.indexOf(':');
  const name = end > 0 ? text.slice(0, end) : text;
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** @param name as `hostName` returns it. `*.x.y` stands for any depth below `x.y`, not for `x.y` itself. */
export function hostAllowed(list: HostList, name: string): boolean {
  if (list === null) return true;
  for (const pattern of list) {
    if (pattern === name) return true;
    if (pattern.startsWith('*.') && name.length > pattern.length - 1 && name.endsWith(pattern.slice(1)))
      return true;
  }
  return false;
}

/** The hosts that both lists allow; `[]` when there is none. */
export function commonHosts(a: HostList, b: HostList): HostList {
  if (a === null) return b;
  if (b === null) return a;
  const common = new Set<string>();
  for (const left of a) {
    for (const right of b) {
      const narrower = narrowerHost(left, right);
      if (narrower !== null) common.add(narrower);
    }
  }
  return [...common];
}

/** Of two patterns the one that lies inside the other, or null when they share no host. */
function narrowerHost(a: string, b: string): string | null {
  if (a === b) return a;
  if (b.startsWith('*.') && a.endsWith(b.slice(1)) && a.length > b.length - 1) return a;
  if (a.startsWith('*.') && b.endsWith(a.slice(1)) && b.length > a.length - 1) return b;
  return null;
}
