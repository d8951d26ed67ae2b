// A log whose lines a test can read back, parsed, as they were written.
import { pino } from 'pino';
import type { Log } from '../../../src/log.ts';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly id?: unknown;
  readonly status?: unknown;
  readonly error?: unknown;
  readonly detail?: unknown;
}

export interface RecordingLog {
  readonly log: Log;
  readonly lines: readonly LogLine[];
  /** Lines whose text holds `part`. */
  saying(part: string): readonly LogLine[];
}

export function recordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  const log = pino({ level: 'trace', base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { log, lines, saying: (part) => lines.filter(({ msg }) => msg.includes(part)) };
}
