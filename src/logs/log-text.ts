// A log line as people read it.

import { type LogLine, logLevels } from './log-line.ts';

const levelNames = new Map(Object.entries(logLevels).map(([name, number]) => [number as number, name]));
/** Said by the line's head, or by its message. */
const headFields: ReadonlySet<string> = new Set(['time', 'level', 'msg', 'runtime', 'stream', 'seq']);

/** Time, level, language, message, and whatever else was logged. Never more than one line. */
export function logLineText(fields: LogLine['fields']): string {
  const time = new Date(Number(fields['time']));
  const shown = Number.isNaN(time.getTime()) ? '-' : time.toISOString();
  const level = levelNames.get(Number(fields['level'])) ?? 'info';
  const runtime = typeof fields['runtime'] === 'string' ? ` [${fields['runtime']}]` : '';
  const rest = Object.entries(fields)
    .filter(([key]) => !headFields.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = `${shown} ${level}${runtime} ${String(fields['msg'] ?? '')}${rest.join('')}`;
  // What a handler prints must not drive the reader's terminal.
  return text.replace(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1));
}
