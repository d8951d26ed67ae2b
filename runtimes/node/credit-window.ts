// How many body bytes of one invocation may still be sent before its receiver grants more: a slow client stalls only
// its own answer.

import { initialWindowBytes } from './limits.ts';

export class CreditWindow {
  #available = initialWindowBytes;
  #closed = false;
  #wake: (() => void) | null = null;

  /** Takes up to `wanted` bytes at once; 0 = wait for more. */
  take(wanted: number): number {
    const taken = Math.min(wanted, this.#available);
    this.#available -= taken;
    return taken;
  }

  /** Resolves when there may be more: true, or false when nobody wants the rest. */
  async more(): Promise<boolean> {
    if (!this.#closed && this.#available === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#closed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  grant(bytes: number): void {
    this.#available += bytes;
    this.#rouse();
  }

  /** The invocation was cancelled: whoever waits stops. */
  close(): void {
    this.#closed = true;
    this.#rouse();
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
