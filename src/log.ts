// All logs of the product go through pino (https://getpino.io): one JSON object a line, or pretty lines on a terminal.
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type Log = Logger;

export interface LogOptions {
  /** pino level name; default `info`. */
  readonly level: string;
  /** `pretty` renders for people; default `json`. */
  readonly format: 'json' | 'pretty';
}

/** Creates the process's log on stdout. Tests pass `level: 'silent'`. */
export function createLog(options: LogOptions): Log {
  if (options.format === 'pretty') {
    // In this process and not as a pino transport: a transport is a thread that loads a file, and the binary has no files.
    const lines = pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', sync: true });
    return pino({ level: options.level, base: null }, lines);
  }
  // Not synchronous: a slow reader of stdout must not stall the edge. `flushSync` at exit keeps the last lines.
  return pino({ level: options.level, base: null }, pino.destination({ sync: false, minLength: 4096 }));
}

/** A log that writes nothing, for tests and for library use. */
export const silentLog: Log = pino({ level: 'silent' });
