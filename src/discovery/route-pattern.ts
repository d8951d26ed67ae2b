// The grammar of route strings (`/users/:id`, `/files/:path*`, `/any/*`) and the paths that no function may take.
// Source: contract/routing.md 3.1, 6.

import { isReservedPath } from './reserved-path.ts';

export type ParsedRoute =
  | { readonly kind: 'ok'; readonly pattern: string }
  | { readonly kind: 'reserved'; readonly accepted: string }
  | { readonly kind: 'bad'; readonly accepted: string };

const maxRouteLength = 2_048;
const parameter = /^:[A-Za-z0-9_]{1,100}\*?$/;
/** Braces around a name are how OpenAPI writes a parameter. */
const braced = /^\{([A-Za-z0-9_]{1,100})\}$/;
/** Everything with a meaning somewhere else: taken literally it would be a route that never matches. */
const unknownSyntax = /[{}[\]()*?#%\\\p{Cc}]/u;

/** Normalises a route as configured: one leading slash, none doubled, none at the end, `{id}` as `:id`. */
export function parseRoutePattern(text: string): ParsedRoute {
  const trimmed = text.trim();
  if (!trimmed.startsWith('/') || trimmed.length > maxRouteLength) {
    return { kind: 'bad', accepted: `an absolute path of at most ${maxRouteLength} characters` };
  }
  if (trimmed.includes('..')) return { kind: 'bad', accepted: "a path without '..'" };
  const segments: string[] = [];
  for (const raw of trimmed.split('/')) {
    if (raw === '') continue;
    const segment = braced.test(raw) ? `:${raw.slice(1, -1)}` : raw;
    if (!isKnownSegment(segment))
      return { kind: 'bad', accepted: 'segments such as users, :id, :path* or *' };
    segments.push(segment);
  }
  const pattern = `/${segments.join('/')}`;
  return isReservedRoute(pattern) ? { kind: 'reserved', accepted: reservedText } : { kind: 'ok', pattern };
}

const reservedText = 'a path other than /, /_fn, /console, /openapi.json, /system/metrics and /fastfn.json';

function isKnownSegment(segment: string): boolean {
  if (segment === '*' || parameter.test(segment)) return true;
  return !segment.startsWith(':') && !unknownSyntax.test(segment) && segment !== '.';
}

/** True for the home page and everything the gateway keeps for itself. */
export function isReservedRoute(pattern: string): boolean {
  return pattern === '/' || isReservedPath(pattern);
}

export function isDynamicSegment(segment: string): boolean {
  return segment === '*' || segment.startsWith(':');
}

export function isCatchAll(segment: string): boolean {
  return segment === '*' || (segment.startsWith(':') && segment.endsWith('*'));
}

/** Patterns of one shape match the same requests, whatever their parameters are called: `/u/:id` and `/u/:name`. */
export function routeShape(pattern: string): string {
  return pattern
    .split('/')
    .map((segment) => (isCatchAll(segment) ? '*' : segment.startsWith(':') ? ':' : segment))
    .join('/');
}
