// How many body bytes of one invocation may still be sent before its receiver grants more: a slow client stalls only
// its own answer.

import { initialWindowBytes } from './limits.ts';

export class CreditWindow {
  #available = initialWindowBytes;
  #wake: (() => void) | null = null;

  /** Takes up to `wanted` bytes at once; 0 = wait for more. */
  take(wanted: number): number {
    const taken = Math.min(wanted, this.#available);
    this.#available -= taken;
    return taken;
  }

  /** Resolves when there is more, or nothing more to wait for. */
  async more(): Promise<void> {
    if (this.#available > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  grant(bytes: number): void {
    this.#available += bytes;
    this.rouse();
  }

  /** Ends a wait without granting anything: the invocation was cancelled. */
  rouse(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
