// Finds every dynamic pattern that a path matches without trying them one by one: patterns form a tree by segment, and a
// look-up visits only the branches that fit. No regular expressions, so no input makes it slow.

import { isCatchAll } from './route-pattern.ts';

interface Node<T> {
  readonly statics: Map<string, Node<T>>;
  /** `:name`: any one segment. */
  param: Node<T> | null;
  /** Patterns that end here. */
  end: T | null;
  /** Patterns that end in a catch-all after this point: one segment or more. */
  rest: T | null;
}

export interface RouteIndex<T> {
  /** Puts every value whose pattern matches into `found`, in no order. */
  find(segments: readonly string[], found: T[]): void;
  /** A pattern may match whatever the first segment is. */
  readonly open: boolean;
}

/** @param patterns each shape once */
export function indexRoutes<T>(
  patterns: Iterable<{ readonly pattern: string; readonly value: T }>,
): RouteIndex<T> {
  const root = emptyNode<T>();
  // A catch-all that is not the last segment is rare; those patterns are tried in turn.
  const wide: { readonly segments: readonly string[]; readonly value: T }[] = [];
  for (const { pattern, value } of patterns) {
    const segments = pattern.slice(1).split('/');
    if (segments.slice(0, -1).some(isCatchAll)) wide.push({ segments, value });
    else insert(root, segments, value);
  }
  const open =
    root.param !== null || root.rest !== null || wide.some(({ segments }) => segments[0]?.match(/^[:*]/));
  return {
    open,
    find(segments, found) {
      collect(root, segments, 0, found);
      for (const candidate of wide) {
        if (matchWide(candidate.segments, segments) !== null) found.push(candidate.value);
      }
    },
  };
}

function emptyNode<T>(): Node<T> {
  return { statics: new Map(), param: null, end: null, rest: null };
}

function insert<T>(root: Node<T>, segments: readonly string[], value: T): void {
  let node = root;
  for (const segment of segments) {
    if (isCatchAll(segment)) {
      node.rest = value;
      return;
    }
    if (segment.startsWith(':')) {
      node.param ??= emptyNode();
      node = node.param;
    } else {
      const next = node.statics.get(segment) ?? emptyNode();
      node.statics.set(segment, next);
      node = next;
    }
  }
  node.end = value;
}

function collect<T>(node: Node<T>, segments: readonly string[], at: number, found: T[]): void {
  const segment = segments[at];
  if (segment === undefined) {
    if (node.end !== null) found.push(node.end);
    return;
  }
  if (node.rest !== null) found.push(node.rest);
  const next = node.statics.get(segment);
  if (next !== undefined) collect(next, segments, at + 1, found);
  if (node.param !== null) collect(node.param, segments, at + 1, found);
}

/**
 * Matches a pattern with catch-alls anywhere. An earlier catch-all takes as much as it can; found from the right, where
 * that means: as little as it must. Time is at most pattern length times path length.
 * @returns for each pattern segment the index of the first path segment it took, or null
 */
export function matchWide(pattern: readonly string[], path: readonly string[]): number[] | null {
  const starts: number[] = new Array(pattern.length).fill(0);
  let at = path.length - 1;
  let part = pattern.length - 1;
  // Where to go back to: the last catch-all seen, and the path segment up to which it has taken.
  let backPart = -1;
  let backAt = -1;
  while (at >= 0 || part >= 0) {
    const wanted = pattern[part];
    if (wanted !== undefined && at >= 0 && isCatchAll(wanted)) {
      backPart = part;
      backAt = at;
    } else if (at < 0) {
      return null;
    } else if (wanted === undefined || !(wanted.startsWith(':') || wanted === path[at])) {
      // Let the last catch-all take one segment more, and try again from there.
      if (backPart < 0 || backAt <= 0) return null;
      backAt--;
      at = backAt;
      part = backPart;
    }
    starts[part] = at;
    at--;
    part--;
  }
  return starts;
}
