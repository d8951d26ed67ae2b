// Open descriptors of this process, which holds the gateway under test: what leaks shows here.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** The number once it has not changed for 400 ms: spare launchers are refilled a moment after they were used. */
export async function settledDescriptors(): Promise<number> {
  for (let found = openDescriptors(), since = performance.now(); ; await sleep(25)) {
    const now = openDescriptors();
    if (now !== found) [found, since] = [now, performance.now()];
    else if (performance.now() - since > 400) return found;
  }
}
