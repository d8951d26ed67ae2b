// Holds the process group of one command to its limits: memory and threads of all its processes together, and the folders
// it may write to. Looks several times a second; tells of the first breach only.

import type { Clock, Timer } from '../clock.ts';
import { limitExceededText } from '../policy/limit-fields.ts';
import type { ResourceLimits } from '../policy/sandbox-policy.ts';
import { type GroupUsage, readGroup } from './group-usage.ts';
import { hiddenBytes } from './hidden-files.ts';
import { exceededLimit } from './untrusted-tree.ts';

export interface BoundFolder {
  readonly path: string;
  readonly bytes: number;
  readonly entries: number;
}

export interface LimitedCommand {
  /** Process group, which is the pid of its leader. */
  readonly group: number;
  readonly limits: Pick<ResourceLimits, 'memoryBytes' | 'threads'>;
  readonly folders: readonly BoundFolder[];
}

const lookMs = 200;
/** A folder that takes long to measure is measured less often, so that this is the largest share of time spent on it. */
const measureShare = 0.1;
/** More processes are not asked for deleted files that they hold: the number of threads bounds them. */
const maxAskedForHidden = 64;

export class CommandLimits {
  readonly #command: LimitedCommand;
  readonly #clock: Clock;
  readonly #exceeded: (text: string) => void;
  #timer: Timer | null = null;
  #measureAt = 0;
  #measuring = false;
  #over = false;

  constructor(command: LimitedCommand, clock: Clock, exceeded: (text: string) => void) {
    this.#command = command;
    this.#clock = clock;
    this.#exceeded = exceeded;
    this.#timer = clock.after(lookMs, () => this.#look());
  }

  close(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #look(): void {
    const { group, limits } = this.#command;
    const used = readGroup(group);
    if (used.memoryBytes > limits.memoryBytes)
      this.#tell(limitExceededText('memoryBytes', limits.memoryBytes));
    else if (used.threads > limits.threads) this.#tell(limitExceededText('threads', limits.threads));
    else this.#measure(used);
    if (!this.#over) this.#timer = this.#clock.after(lookMs, () => this.#look());
  }

  #measure(used: GroupUsage): void {
    const started = this.#clock.now();
    if (this.#measuring || started < this.#measureAt) return;
    this.#measuring = true;
    void this.#firstFull(used).then((text) => {
      this.#measuring = false;
      this.#measureAt = this.#clock.now() + (this.#clock.now() - started) / measureShare;
      if (text !== null) this.#tell(text);
    });
  }

  async #firstFull({ pids }: GroupUsage): Promise<string | null> {
    for (const { path, bytes, entries } of this.#command.folders) {
      const hidden = pids.slice(0, maxAskedForHidden).reduce((sum, pid) => sum + hiddenBytes(pid, path), 0);
      const over = hidden > bytes ? 'bytes' : await exceededLimit(path, { bytes: bytes - hidden, entries });
      if (over === 'bytes') return limitExceededText('tempBytes', bytes);
      if (over === 'entries') return `temporary files limit exceeded (${entries} entries)`;
    }
    return null;
  }

  #tell(text: string): void {
    if (this.#over) return;
    this.close();
    this.#exceeded(text);
  }
}
