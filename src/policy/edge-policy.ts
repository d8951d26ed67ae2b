// Where an answer with a `proxy` directive may lead (contract/edge-proxy.md 2): the hosts, the private networks, the sizes.
// A function has no such policy unless its config says so, and what is in it no directive can widen.

/** One allowed upstream. */
export interface UpstreamHost {
  /** Lower-case host name or address (IPv6 in brackets), `*.x.y` for everything below `x.y`, `*` for every host. */
  readonly name: string;
  /** null = any port that HTTP is usually spoken on. */
  readonly port: number | null;
}

export interface EdgePolicy {
  /** Start of relative upstream paths: an http or https URL without query and final slash, or null. */
  readonly baseUrl: string | null;
  /** The host of `baseUrl` included. */
  readonly allowHosts: readonly UpstreamHost[];
  /** `true`: every private network but the metadata services of clouds; a list: these blocks. */
  readonly allowPrivate: boolean | readonly string[];
  /** Longest body of an upstream answer. Default 2 MiB. */
  readonly maxResponseBytes: number;
  /** Longest body sent to an upstream. Default 2 MiB. */
  readonly maxRequestBytes: number;
}

export const defaultMaxResponseBytes = 2_097_152;
export const defaultMaxRequestBytes = 2_097_152;

/** Largest value of either; streams are not held in memory, so this bounds traffic, not the gateway. */
export const maxPassthroughBytes = 1_073_741_824;

const maxHostLength = 200;
/** A name, an address, a bracketed IPv6 address; `*.` may stand before a name; a port may follow. */
const hostEntry =
  /^(?<name>\*|\[[0-9a-f:.]+\]|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::(?<port>\d{1,5}))?$/;

/** An entry of `edge.allow_hosts`; null when it can match no host. */
export function parseUpstreamHost(text: string): UpstreamHost | null {
  const entry = text.trim().toLowerCase();
  // An IPv6 address without its brackets, as people write it where there is no port.
  const unbracketed = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/.test(entry) ? `[${entry}]` : entry;
  const found = unbracketed.length > maxHostLength ? null : hostEntry.exec(unbracketed);
  const { name, port } = found?.groups ?? {};
  if (name === undefined || Number(port ?? 1) > 65_535 || Number(port ?? 1) === 0) return null;
  const host = name.startsWith('*') ? name.replace(/\.$/, '') : canonicalHost(name);
  return host === null ? null : Object.freeze({ name: host, port: port === undefined ? null : Number(port) });
}

/** As the URL parser writes it, so that both sides of a comparison are spelled alike: `0x7f.1` → `127.0.0.1`. */
function canonicalHost(name: string): string | null {
  const url = URL.parse(`http://${name}/`);
  return url === null ? null : url.hostname.replace(/\.$/, '');
}

/** Of an allowed base; null when it is no URL that paths could be put behind. */
export function parseBaseUrl(text: string): { readonly url: string; readonly host: UpstreamHost } | null {
  const url = isPlainUrl(text) ? URL.parse(text) : null;
  if (url === null || !isHttp(url) || url.search !== '' || url.username !== '' || url.password !== '')
    return null;
  const host = { name: url.hostname.replace(/\.$/, ''), port: effectivePort(url) };
  return { url: url.href.replace(/\/+$/, ''), host: Object.freeze(host) };
}

/** No white space, control character or backslash, which parsers read differently, and no fragment. */
export function isPlainUrl(text: string): boolean {
  return !/[\s\p{Cc}\\#]/u.test(text);
}

export function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}

export function effectivePort(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}
