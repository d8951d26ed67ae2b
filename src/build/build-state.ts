// What may be said of a function's build at any moment, and to those who ask for the function meanwhile.

import { GatewayError } from '../errors.ts';
import type { Artifact, BuildPlan } from './build-plan.ts';
import type { BuildFault } from './failure-text.ts';

export type BuildState =
  /** It needs none. */
  | { readonly kind: 'none' }
  /** The first request for it begins the build. */
  | { readonly kind: 'idle'; readonly of: BuildPlan['kind'] }
  /** Also while it is being planned or waits for its turn. */
  | { readonly kind: 'building'; readonly of: BuildPlan['kind'] }
  | { readonly kind: 'built'; readonly artifact: Artifact }
  | { readonly kind: 'failed'; readonly fault: BuildFault };

/** Seconds after which a client may ask again; contract/dependencies.md 1. */
const retryAfter = '2';

const waitingTexts: Readonly<Record<BuildPlan['kind'], string>> = {
  dependencies: 'dependencies are being installed',
  program: 'function is being built',
};

/** What a client hears of a function that is not served for its build; null: the build is not why. */
export function refusalOf(state: BuildState): GatewayError | null {
  const headers = { 'Cache-Control': 'no-store' };
  switch (state.kind) {
    case 'idle':
    case 'building':
      return new GatewayError('not_built', {
        text: waitingTexts[state.of],
        headers: { ...headers, 'Retry-After': retryAfter },
      });
    case 'failed':
      return new GatewayError(state.fault.code, { text: state.fault.text, headers });
    case 'none':
    case 'built':
      return null;
  }
}
