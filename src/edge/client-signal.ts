// Tells that the client has gone. Cheaper than an AbortController, of which one would be made for every request.

import type { CancelSignal } from '../invocation/invocation.ts';

export class ClientSignal implements CancelSignal {
  #aborted = false;
  /** One invocation listens at a time; more are possible, hence the set, made only then. */
  #listener: (() => void) | null = null;
  #others: Set<() => void> | null = null;

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === null) {
      this.#listener = listener;
      return;
    }
    this.#others ??= new Set();
    this.#others.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = null;
    else this.#others?.delete(listener);
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#listener?.();
    for (const listener of this.#others ?? []) listener();
  }
}
