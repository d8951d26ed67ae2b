// Keeps a launcher or two started and waiting, so that a cold start does not pay for starting Node. A used spare is
// replaced a moment later, a dead one after a backoff; asking for one never waits.

import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import { delayMs } from './backoff.ts';
import { type LauncherCommand, LauncherProcess } from './launcher-process.ts';

/** The worker that just took a spare needs the processor more than its replacement does, ms. */
const refillDelayMs = 100;

export interface SpareLaunchersOptions {
  readonly command: LauncherCommand;
  /** Spares kept; 0 = each start pays for its own launcher. */
  readonly count: number;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1, for the backoff. Default Math.random. */
  readonly random?: () => number;
}

export class SpareLaunchers {
  readonly #options: SpareLaunchersOptions;
  readonly #spares: LauncherProcess[] = [];
  #refill: Timer | null = null;
  #failures = 0;
  #closed = false;

  constructor(options: SpareLaunchersOptions) {
    this.#options = options;
    this.#fill();
  }

  get waiting(): number {
    return this.#spares.length;
  }

  /** A spare, or a fresh launcher when there is none. Its `whenExited` is the caller's from now on. */
  take(): LauncherProcess {
    const { command, clock, log } = this.#options;
    const spare = this.#spares.shift() ?? new LauncherProcess(command, clock, log);
    this.#fillAfter(refillDelayMs);
    return spare;
  }

  /** The launchers that a plan reached work: a failure before was not the program's. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Kills all spares; resolves when they are reaped. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refill?.cancel();
    await Promise.all(this.#spares.splice(0).map(endSpare));
  }

  #fill(): void {
    this.#refill = null;
    const { command, count, clock, log } = this.#options;
    while (!this.#closed && this.#spares.length < count) {
      const spare = new LauncherProcess(command, clock, log);
      this.#spares.push(spare);
      spare.whenExited((exit) => this.#died(spare, exit));
    }
  }

  #died(spare: LauncherProcess, exit: string): void {
    const index = this.#spares.indexOf(spare);
    if (index === -1 || this.#closed) return;
    this.#spares.splice(index, 1);
    spare.output.close();
    this.#failures += 1;
    this.#options.log.error({ exit, stderr: spare.output.tail }, 'spare launcher died');
    this.#fillAfter(delayMs(this.#failures, (this.#options.random ?? Math.random)()));
  }

  #fillAfter(ms: number): void {
    if (!this.#closed) this.#refill ??= this.#options.clock.after(ms, () => this.#fill());
  }
}

function endSpare(spare: LauncherProcess): Promise<void> {
  return new Promise((resolve) => {
    spare.whenExited(() => {
      spare.output.close();
      resolve();
    });
    spare.group.signal('SIGKILL');
  });
}
