// Which of two dynamic patterns that match the same path is tried first (contract/routing.md 8): more static segments,
// then more segments, then fewer catch-alls, then more parameters, then byte order.

import { isCatchAll, isDynamicSegment } from './route-pattern.ts';

/** Negative when `a` comes first. */
export function compareShapes(a: string, b: string): number {
  const [left, right] = [countsOf(a), countsOf(b)];
  return (
    right.statics - left.statics ||
    right.segments - left.segments ||
    left.catchAlls - right.catchAlls ||
    right.parameters - left.parameters ||
    (a < b ? -1 : a > b ? 1 : 0)
  );
}

function countsOf(pattern: string) {
  const segments = pattern.slice(1).split('/');
  const catchAlls = segments.filter(isCatchAll).length;
  const statics = segments.filter((segment) => !isDynamicSegment(segment)).length;
  return { statics, segments: segments.length, catchAlls, parameters: segments.length - statics - catchAlls };
}
