// What may answer for `/` (contract/assets-home-openapi.md B): a path of this gateway, or a place to send the client to.

export interface LocalTarget {
  /** Starts with `/`, is more than `/`, does not climb. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
}

/** What answers for `/`; the first of the two that is set counts. */
export interface HomeTarget {
  readonly function: LocalTarget | null;
  /** For `Location`, as it is sent. */
  readonly redirect: string | null;
}

export const noHome: HomeTarget = Object.freeze({ function: null, redirect: null });

export type ParsedTarget<T> =
  | { readonly kind: 'ok'; readonly target: T }
  | { readonly kind: 'bad'; readonly reason: string };

const maxLength = 2048;

export function parseLocalTarget(text: string): ParsedTarget<LocalTarget> {
  const trimmed = text.trim();
  if (trimmed === '') return bad('empty');
  if (/^[a-z][a-z0-9+.-]*:/i.test(trimmed)) return bad('must be a local path');
  if (trimmed.length > maxLength || /[\s\p{Cc}\\#]/u.test(trimmed)) return bad('invalid path');
  const at = trimmed.indexOf('?');
  const given = at === -1 ? trimmed : trimmed.slice(0, at);
  if (given === '') return bad('missing path');
  const path = `/${given}`.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  if (path === '/') return bad('cannot point to /');
  if (path.includes('..')) return bad('invalid path');
  if (/^\/(?:_fn|console)(?:\/|$)/i.test(path)) return bad('cannot point to the control plane');
  return {
    kind: 'ok',
    target: Object.freeze({ path, query: at === -1 ? '' : trimmed.slice(at + 1) }),
  };
}

/** An http or https URL, or a path of this gateway. */
export function parseRedirectTarget(text: string): ParsedTarget<string> {
  const trimmed = text.trim();
  if (!/^https?:\/\//i.test(trimmed)) {
    const local = parseLocalTarget(trimmed);
    if (local.kind === 'bad') return local;
    const { path, query } = local.target;
    // A header holds ASCII only: the URL parser encodes the rest.
    const url = new URL(query === '' ? path : `${path}?${query}`, 'http://local');
    return { kind: 'ok', target: url.pathname + url.search };
  }
  const url = trimmed.length <= maxLength ? URL.parse(trimmed) : null;
  return url === null || /[\s\p{Cc}]/u.test(trimmed) ? bad('invalid path') : { kind: 'ok', target: url.href };
}

function bad(reason: string): { readonly kind: 'bad'; readonly reason: string } {
  return { kind: 'bad', reason };
}
