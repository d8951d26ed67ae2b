// The signals of a serving process: the first SIGTERM or SIGINT asks for an orderly end, the second one ends at once,
// SIGHUP reloads.

import { type CliContext, exitStatus } from './cli-context.ts';

export class StopSignals {
  /** The name of the first signal that asks for an end. */
  readonly stop: Promise<NodeJS.Signals>;
  readonly #end: () => void;
  #reload: () => void = () => undefined;

  constructor(context: Pick<CliContext, 'onSignal' | 'exit'>) {
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
    let stopping = false;
    this.stop = promise;
    this.#end = context.onSignal((signal) => {
      if (signal === 'SIGHUP') {
        this.#reload();
      } else if (stopping) {
        // Workers see the end of their connection and go too.
        context.exit(exitStatus.failed);
      } else {
        stopping = true;
        resolve(signal);
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
