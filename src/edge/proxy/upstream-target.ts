// From the `url` or `path` of a directive and the function's policy to the one URL that may be asked, or the reason why none
// (contract/edge-proxy.md 3, 4). Judges the parsed URL only: what a text looks like says nothing about where it leads.

import { decodeLoosely } from '../../discovery/percent-encoding.ts';
import { isControlPath } from '../../discovery/reserved-path.ts';
import {
  type EdgePolicy,
  effectivePort,
  isHttp,
  isPlainUrl,
  type UpstreamHost,
} from '../../policy/edge-policy.ts';
import { classifyHost } from './address-class.ts';
import { isUsualPort } from './blocked-ports.ts';
import { proxyRefusal } from './proxy-refusal.ts';
import { mayReach } from './reach.ts';

const maxUrlLength = 8192;

type Json = Readonly<Record<string, unknown>>;

/** @throws GatewayError edge_proxy_failed with the contract's reason */
export function upstreamTarget(directive: Json, policy: EdgePolicy): URL {
  const text = targetText(directive, policy);
  const url = text.length <= maxUrlLength && isPlainUrl(text) ? URL.parse(text) : null;
  // `http://@host/` has an empty user, which the parser drops: look at the text too.
  if (url === null || !isHttp(url) || url.username !== '' || url.password !== '' || hasUser(text))
    throw proxyRefusal('proxy denied: invalid url');
  checkTarget(url, policy);
  return url;
}

function targetText({ url, path }: Json, policy: EdgePolicy): string {
  if (typeof url === 'string' && /^https?:\/\//i.test(url)) return url;
  const relative = [url, path].find((text) => typeof text === 'string' && text.startsWith('/'));
  if (typeof relative !== 'string')
    throw proxyRefusal('proxy.url must be absolute (http/https) or proxy.path must start with /');
  if (climbs(relative)) throw proxyRefusal('proxy.path may not include ..');
  if (policy.baseUrl === null) throw proxyRefusal('edge.base_url is required for relative proxy paths');
  return policy.baseUrl + relative;
}

/** Whether any segment would lead out of the base's own path, however it is written. */
function climbs(path: string): boolean {
  const [plain = ''] = path.split('?', 1);
  let text = plain;
  for (let round = 0; round < 3; round++) text = decodeLoosely(text);
  return text.split(/[/\\]/).includes('..');
}

function hasUser(text: string): boolean {
  return /^[a-z]+:\/\/[^/?]*@/i.test(text);
}

function checkTarget(url: URL, policy: EdgePolicy): void {
  // For every host: a name that leads back to this gateway cannot always be told from one that does not.
  if (isControlPath(url.pathname)) throw proxyRefusal('proxy denied: control-plane path not allowed');
  const place = classifyHost(url.hostname);
  if (place !== null && !mayReach(policy, { place, host: url.hostname }))
    throw proxyRefusal('proxy denied: private host not allowed');
  const allowed = policy.allowHosts.filter((host) => matches(host, url));
  if (allowed.length === 0) throw proxyRefusal('proxy denied: host not in allowlist');
  if (!allowed.some(({ port }) => port !== null) && !isUsualPort(effectivePort(url)))
    throw proxyRefusal('proxy denied: port not allowed');
}

function matches(host: UpstreamHost, url: URL): boolean {
  if (host.port !== null && host.port !== effectivePort(url)) return false;
  const name = url.hostname.replace(/\.$/, '');
  return (
    host.name === '*' ||
    host.name === name ||
    (host.name.startsWith('*.') && name.endsWith(host.name.slice(1)) && name.length > host.name.length - 1)
  );
}
