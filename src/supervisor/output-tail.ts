// The last lines that a command wrote on each of its streams, bounded; what the launcher itself says is kept apart.

import type { OutputSink, OutputStream } from './worker-output.ts';

const maxLines = 40;

/** One line of launcher-protocol.ts, step 5. */
const launcherLine = /^\{"launcher":"(failed|note)"/;

export class OutputTail implements OutputSink {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  /** Why the launcher never became the command; null when it did. */
  launchFailure: string | null = null;

  line(stream: OutputStream, text: string): void {
    const [, said] = launcherLine.exec(text) ?? [];
    if (said !== undefined) {
      if (said === 'failed') this.launchFailure = messageOf(text);
      return;
    }
    const lines = this[stream];
    lines.push(text);
    if (lines.length > maxLines) lines.shift();
  }

  dropped(): void {
    // Only the end matters.
  }
}

function messageOf(line: string): string {
  try {
    const { message } = JSON.parse(line) as { readonly message?: unknown };
    return String(message);
  } catch {
    return 'cannot start: the launcher failed';
  }
}
