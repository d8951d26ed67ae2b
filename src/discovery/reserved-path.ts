// The paths that belong to the gateway itself, whatever way they are written. Encodings are peeled off and the path is
// resolved before it is compared, so that `/%5Ffn`, `/a/..//_FN` or `/_fn%2Fhealth` do not slip past the denylist.
// Source: contract/routing.md 6.2, contract/edge-proxy.md 4.

import { decodeLoosely } from './percent-encoding.ts';

/** An attacker who encodes more often than this reaches no server that decodes so often. */
const maxDecodings = 3;

const reservedTrees = ['/_fn', '/console'] as const;
const reservedFiles: ReadonlySet<string> = new Set([
  '/openapi.json',
  '/system/metrics',
  '/fastfn.json',
  '/fastfn.toml',
]);

/**
 * @param rawPath a path as sent, or a route pattern; without the query
 * @returns true for the control plane, the operator's files and the built-in documents; not for `/`
 */
export function isReservedPath(rawPath: string): boolean {
  // Almost every request: nothing encoded, nothing to resolve, and a first letter that begins no reserved path.
  if (plainPath.test(rawPath)) return isReserved(rawPath.toLowerCase());
  return isReserved(resolvePath(decodeFully(rawPath)).toLowerCase());
}

/** `/_fn` and `/console` and what is below them: what no request of a function may reach, on whatever host. */
export function isControlPath(rawPath: string): boolean {
  return isInReservedTree(resolvePath(decodeFully(rawPath)).toLowerCase());
}

/** One segment or more of letters, digits, `_`, `-`, and `.` not first. */
const plainPath = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$/;

function isReserved(path: string): boolean {
  return reservedFiles.has(path) || isInReservedTree(path);
}

function isInReservedTree(path: string): boolean {
  return reservedTrees.some(
    (tree) =>
      path.startsWith(tree) && (path.length === tree.length || '/?#;'.includes(path[tree.length] ?? '')),
  );
}

function decodeFully(text: string): string {
  let current = text;
  for (let round = 0; round < maxDecodings && current.includes('%'); round++) {
    // A bad escape must not shield what stands beside it, hence the loose decoding.
    const next = decodeLoosely(current);
    if (next === current) break;
    current = next;
  }
  return current;
}

/** Slashes and backslashes collapsed, dot segments resolved (never above the root), no slash at the end. */
function resolvePath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split(/[/\\]+/)) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}
