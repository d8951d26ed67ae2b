// Signals for a worker and whatever it managed to start. The launcher is spawned as leader of its own group, so the
// group's id is the child's pid; it is used only while that pid cannot mean anybody else.

import type { ChildProcess } from 'node:child_process';

export class ProcessGroup {
  readonly #child: ChildProcess;
  #swept = false;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** False once the leader has been reaped: its pid may be another's by now. */
  get alive(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Does nothing when the leader has been reaped. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.alive) this.#send(signal);
  }

  /**
   * Once, in the leader's `exit` event: kills what it left behind. The pid was freed a moment ago; the kernel hands pids
   * out in turn (pid_max wraps), so it is not another's yet, and a group that has members keeps its id in any case.
   */
  sweep(): void {
    if (this.#swept) return;
    this.#swept = true;
    this.#send('SIGKILL');
  }

  #send(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    // -0 and -1 would reach our own group or everybody (kill(2)).
    if (pid === undefined || pid <= 1) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // ESRCH: nobody left. EPERM: only members that already exec'ed to another user; the leader's death is what counts.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ESRCH' && code !== 'EPERM') throw error;
    }
  }
}
