// The path of a request as segments: dot segments resolved and doubled slashes collapsed as a server does (RFC 3986 5.2.4),
// then every raw segment decoded exactly once, so that `%2F` stays inside its segment and `+` stays a plus.
// Source: contract/routing.md 6.1, 8.

export type RequestPath =
  | {
      readonly kind: 'ok';
      /** Decoded, none empty. */
      readonly segments: readonly string[];
      /** The path for an exact look-up; null when a decoded segment holds a slash, which no static route does. */
      readonly key: string | null;
    }
  /** Can belong to no route. */
  | { readonly kind: 'none' }
  | { readonly kind: 'bad'; readonly reason: string };

/** @param raw as sent, without the query */
export function parseRequestPath(raw: string): RequestPath {
  if (raw.charCodeAt(0) !== 47) return { kind: 'bad', reason: 'the path must start with /' };
  // Nearly every request: nothing to decode, to resolve or to collapse.
  if (!/%|\/[/.]|\.\./.test(raw) && !raw.includes('\0')) return plainPath(raw);
  const segments: string[] = [];
  for (const part of raw.split('/')) {
    if (part === '') continue;
    const segment = decode(part);
    if (segment === null) return { kind: 'bad', reason: 'malformed percent encoding' };
    if (segment.includes('\0')) return { kind: 'bad', reason: 'the path must not hold a zero byte' };
    if (segment === '..') {
      if (segments.pop() === undefined) return { kind: 'bad', reason: 'the path leads above the root' };
    } else if (segment !== '.') segments.push(segment);
  }
  // Two dots anywhere else match nothing: a handler that joins a parameter to a folder is not led out of it.
  if (segments.some((segment) => segment.includes('..'))) return { kind: 'none' };
  const exact = !segments.some((segment) => segment.includes('/'));
  return { kind: 'ok', segments, key: exact ? `/${segments.join('/')}` : null };
}

function plainPath(raw: string): RequestPath {
  const key = raw.length > 1 && raw.endsWith('/') ? raw.slice(0, -1) : raw;
  return { kind: 'ok', segments: key === '/' ? [] : key.slice(1).split('/'), key };
}

function decode(part: string): string | null {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
