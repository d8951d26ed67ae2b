// One line of the log as data, and the questions that can be asked of it. Lines are pino's JSON objects; a line that is
// none (cut off, or of another program in the same file) is no line of ours.

/** Names and numbers of pino (https://getpino.io/#/docs/api?id=logger-level). */
export const logLevels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
export type LogLevel = keyof typeof logLevels;

/** A line with its place in the log of this process: 1, 2, 3 … */
export interface LogLine {
  readonly seq: number;
  /** Everything that was logged, as it was logged. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `runtime`: what handlers and workers print; `access`: one line a call; `error`: warnings and worse. */
export const logFiles = ['all', 'access', 'error', 'runtime'] as const;
export type LogFile = (typeof logFiles)[number];

/** Absent = anything. Each that is given must hold. */
export interface LogFilter {
  readonly file?: LogFile;
  /** `node/hello@default`, `hello@v2` or `hello`. */
  readonly function?: string;
  readonly runtime?: string;
  readonly version?: string;
  readonly stream?: 'stdout' | 'stderr';
  /** This level and worse. */
  readonly level?: LogLevel;
  readonly requestId?: string;
  /** Epoch ms; lines of that time and later. */
  readonly sinceMs?: number;
}

/** null: not a line of ours. */
export function parseLogLine(text: string): LogLine['fields'] | null {
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as LogLine['fields']) : null;
  } catch {
    return null;
  }
}

/** Without parsing: false where the line cannot pass the filter. Words stand in the line as they are in JSON. */
export function mayMatch(text: string, { requestId, function: name, stream }: LogFilter): boolean {
  if (requestId !== undefined && !text.includes(requestId)) return false;
  if (stream !== undefined && !text.includes(stream)) return false;
  return name === undefined || text.includes(JSON.stringify(name).slice(1, -1));
}

export function matches(fields: LogLine['fields'], filter: LogFilter): boolean {
  const { sinceMs, level, requestId, stream, runtime, version } = filter;
  if (sinceMs !== undefined && !(Number(fields['time']) >= sinceMs)) return false;
  if (level !== undefined && !(Number(fields['level']) >= logLevels[level])) return false;
  if (requestId !== undefined && fields['id'] !== requestId) return false;
  if (stream !== undefined && fields['stream'] !== stream) return false;
  if (!isOfFile(fields, filter.file ?? 'all')) return false;
  const key = typeof fields['function'] === 'string' ? fields['function'] : '';
  if (runtime !== undefined && !key.startsWith(`${runtime}/`)) return false;
  if (version !== undefined && !key.endsWith(`@${version}`)) return false;
  return filter.function === undefined || isFunction(key, filter.function);
}

function isOfFile(fields: LogLine['fields'], file: LogFile): boolean {
  switch (file) {
    case 'all':
      return true;
    case 'access':
      return fields['msg'] === 'invocation';
    case 'runtime':
      return fields['stream'] !== undefined;
    case 'error':
      return Number(fields['level']) >= logLevels.warn;
  }
}

/** A key is `<runtime>/<name>@<version>`; names may hold `/` and files of names such as `[id].js`. */
function isFunction(key: string, asked: string): boolean {
  if (key === asked) return true;
  const named = key.slice(key.indexOf('/') + 1);
  return named === asked || named.slice(0, named.lastIndexOf('@')) === asked;
}
