// The signals of a serving process: the first SIGTERM or SIGINT asks for an orderly end, the second one ends at once,
// SIGHUP reloads. A copy of the first is not a second.

import { type Clock, systemClock } from '../clock.ts';
import { type CliContext, exitStatus } from './cli-context.ts';

/**
 * Ctrl-C in a terminal under npm signals the gateway twice: once by the terminal's process group, once by npm, which passes
 * its own on. Nobody who wants it gone at once presses this fast.
 */
const copyMs = 300;

export class StopSignals {
  /** The name of the first signal that asks for an end. */
  readonly stop: Promise<NodeJS.Signals>;
  readonly #end: () => void;
  #reload: () => void = () => undefined;

  constructor(context: Pick<CliContext, 'onSignal' | 'exit'>, clock: Clock = systemClock) {
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
    let first: { readonly signal: NodeJS.Signals; readonly at: number } | null = null;
    this.stop = promise;
    this.#end = context.onSignal((signal) => {
      if (signal === 'SIGHUP') {
        this.#reload();
      } else if (first === null) {
        first = { signal, at: clock.now() };
        resolve(signal);
      } else if (signal !== first.signal || clock.now() - first.at >= copyMs) {
        // Workers see the end of their connection and go too.
        context.exit(exitStatus.failed);
      }
    });
  }

  /** What SIGHUP does from now on; before, it does nothing (and does not end the process). */
  onReload(reload: () => void): void {
    this.#reload = reload;
  }

  /** Takes the handlers off. */
  end(): void {
    this.#end();
  }
}
