// For what happens outside the process under test (a file watcher, a dying process): asks again until it holds.
import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats `attempt` every 25 ms until it does not throw; after `limitMs` (default 8000) the last error is thrown. */
export async function eventually(attempt: () => unknown, limitMs = 8000): Promise<void> {
  const until = performance.now() + limitMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await sleep(25);
  }
}
