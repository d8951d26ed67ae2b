// Which foreign pages may call a function from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol). Off unless a
// config says otherwise; origins are names and wildcards, never regular expressions, and never `*` together with credentials.

export interface CorsPolicy {
  /** `*` alone = every origin; else lower-case origins, where `https://*.x.y` stands for every name below `x.y`. */
  readonly origins: readonly string[];
  /** null = the methods of the function. */
  readonly methods: readonly string[] | null;
  /** Request headers that a page may set; `*` = whatever it asks for. */
  readonly headers: readonly string[];
  /** Answer headers that a page may read. */
  readonly exposeHeaders: readonly string[];
  readonly credentials: boolean;
  /** How long a browser may keep the answer to a preflight, seconds. Default 600. */
  readonly maxAgeSeconds: number;
}

export const defaultCorsHeaders: readonly string[] = Object.freeze(['content-type', 'authorization']);
export const defaultCorsMaxAgeSeconds = 600;
/** Browsers keep a preflight no longer than a day. */
export const maxCorsMaxAgeSeconds = 86_400;

const originEntry =
  /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:\*\.)?(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::(?<port>\d{1,5}))?$/;
const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };

/** As browsers write it: lower case, without the scheme's own port. null when no browser sends such an origin. */
export function parseOrigin(text: string): string | null {
  const origin = text.trim().toLowerCase();
  if (origin === '*') return origin;
  const { scheme, port } = (origin.length <= 300 ? originEntry.exec(origin)?.groups : undefined) ?? {};
  if (scheme === undefined || Number(port ?? 1) > 65_535) return null;
  return port !== undefined && defaultPorts[scheme] === port ? origin.slice(0, -port.length - 1) : origin;
}

/** @param origin the request's `Origin`, as sent */
export function originAllowed({ origins }: Pick<CorsPolicy, 'origins'>, origin: string): boolean {
  const asked = origin.toLowerCase();
  // `null` is what sandboxed frames and files send: nobody in particular, so no list can mean it.
  if (asked === 'null') return false;
  return origins.some((allowed) => allowed === '*' || allowed === asked || isBelow(allowed, asked));
}

function isBelow(allowed: string, asked: string): boolean {
  const at = allowed.indexOf('://*.');
  if (at === -1) return false;
  const scheme = allowed.slice(0, at + 3);
  const tail = allowed.slice(at + 4);
  if (!asked.startsWith(scheme) || !asked.endsWith(tail)) return false;
  const label = asked.slice(scheme.length, -tail.length);
  // Letters of host names only: `https://evil.com/.x.y` is no origin, but nothing here relies on that.
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(label);
}
