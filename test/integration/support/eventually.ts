// For what happens outside the process under test (a file watcher, a dying process): asks again until it holds.
import { setTimeout as sleep } from 'node:timers/promises';

/** What `attempt` gives, repeated every 25 ms until it does not throw; after `limitMs` (default 8000) its last error. */
export async function eventually<T>(attempt: () => T | Promise<T>, limitMs = 8000): Promise<T> {
  const until = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await sleep(25);
  }
}
