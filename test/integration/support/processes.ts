// Whether a process is there, for tests that promise to leave none.
import { readFileSync } from 'node:fs';

/** A zombie counts as gone: it holds nothing, and its parent will reap it. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
