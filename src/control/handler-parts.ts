// What every group of handlers may use.

import type { ControlDeps } from './control-deps.ts';
import type { ControlState } from './control-state.ts';
import type { ControlGuards } from './guards.ts';
import type { ResponseBoundary } from './response-boundary.ts';

export interface HandlerParts extends ControlState {
  readonly deps: ControlDeps;
  readonly guards: ControlGuards;
  readonly boundary: ResponseBoundary;
  /** Calls back once, when the gateway begins to stop: answers that would go on for ever must end. */
  readonly onDrain: (listener: () => void) => void;
}
