// `fastfn logs`: the newest log lines of a gateway and those that come, from the running gateway itself or from the file that
// its standard output went to.

import { resolve } from 'node:path';
import { hostPort } from '../config/host-port.ts';
import {
  type LogFile,
  type LogFilter,
  type LogLevel,
  type LogLine,
  logFiles,
  logLevels,
} from '../logs/log-line.ts';
import { logLineText } from '../logs/log-text.ts';
import { type CliContext, type CommandAdder, CommandFailure, exitStatus } from './cli-context.ts';
import * as gatewayLog from './logs/gateway-log.ts';
import * as logFile from './logs/log-file.ts';

const mostLines = 100_000;

type Flags = Readonly<Record<string, unknown>>;

export const addLogsCommand: CommandAdder = (program, context) => {
  program
    .command('logs')
    .description('show the log of a running gateway, and go on as it grows')
    .option('-n, --lines <count>', 'lines to begin with', '200')
    .option('-f, --follow', 'go on with what comes; the default')
    .option('--no-follow', 'end after these lines')
    .option('--file <name>', `one of ${logFiles.join(', ')}`, 'all')
    .option('--function <name>', 'only of this function: name, name@version or its key')
    .option('--level <level>', `only this level and worse: ${Object.keys(logLevels).join(', ')}`)
    .option('--request-id <id>', 'only of this request')
    .option('--stream <name>', 'only what handlers print to stdout or stderr')
    .option('--since <time>', 'only from then on: a time, or how long ago (30s, 10m, 2h, 1d)')
    .option('--json', 'lines as they were logged')
    .option('--path <file>', 'read this file instead of asking the gateway')
    .option('--url <url>', 'gateway to ask; http://localhost and FN_HOST_PORT by default')
    .addOption(program.createOption('--native').hideHelp())
    .addOption(program.createOption('--docker').hideHelp())
    .action((flags) => showLogs(flags, context));
};

async function showLogs(flags: Flags, context: CliContext): Promise<void> {
  if (flags['docker'] === true)
    throw new CommandFailure('cannot read container logs: use docker logs', exitStatus.usage);
  const common = {
    lines: linesOf(flags['lines']),
    filter: filterOf(flags, Date.now()),
    print: (fields: LogLine['fields']) =>
      context.print(flags['json'] === true ? jsonOf(fields) : logLineText(fields)),
  };
  const { path } = flags;
  const end = new AbortController();
  const forget = context.onSignal(() => end.abort());
  try {
    if (typeof path === 'string') {
      await fromFile({ ...common, path: resolve(context.cwd, path) }, flags, end.signal);
    } else {
      const { FN_ADMIN_TOKEN: token = '' } = context.environment;
      const request = {
        ...common,
        url: urlOf(flags, context),
        adminToken: token === '' ? null : token,
        note: (text: string) => context.printError(text),
      };
      const last = await gatewayLog.printLast(request);
      if (flags['follow'] !== false) await gatewayLog.printNew(request, last, end.signal);
    }
  } finally {
    forget();
  }
}

async function fromFile(request: logFile.FileRequest, flags: Flags, signal: AbortSignal): Promise<void> {
  try {
    const ended = await logFile.printLast(request);
    if (flags['follow'] !== false) await logFile.printNew(request, ended, signal);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (code === null) throw error;
    throw new CommandFailure(`cannot read ${request.path}: ${code}`);
  }
}

/** `seq` is the gateway's count, not part of the line. */
function jsonOf({ seq: _place, ...fields }: LogLine['fields']): string {
  return JSON.stringify(fields);
}

function linesOf(raw: unknown): number {
  const lines = Number(raw);
  if (Number.isInteger(lines) && lines >= 1 && lines <= mostLines) return lines;
  throw wrong('lines', raw, `1 to ${mostLines}`);
}

function urlOf(flags: Flags, context: CliContext): string {
  const { url } = flags;
  if (url === undefined) return `http://localhost:${hostPort(context.environment)}`;
  const parsed = URL.parse(String(url));
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw wrong('url', url, 'an http or https URL');
  return parsed.origin;
}

function filterOf(flags: Flags, nowMs: number): LogFilter {
  const { file, level, stream, since } = flags;
  const name = flags['function'];
  const requestId = flags['requestId'];
  if (!logFiles.includes(file as LogFile)) throw wrong('file', file, logFiles.join(', '));
  if (level !== undefined && !Object.hasOwn(logLevels, String(level)))
    throw wrong('level', level, Object.keys(logLevels).join(', '));
  if (stream !== undefined && stream !== 'stdout' && stream !== 'stderr')
    throw wrong('stream', stream, 'stdout or stderr');
  return {
    file: file as LogFile,
    ...(level === undefined ? {} : { level: level as LogLevel }),
    ...(stream === undefined ? {} : { stream }),
    ...(typeof name === 'string' ? { function: name } : {}),
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(since === undefined ? {} : { sinceMs: sinceMs(String(since), nowMs) }),
  };
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function sinceMs(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (unit !== undefined) return nowMs - Number(count) * unitMs[unit as keyof typeof unitMs];
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw wrong('since', text, 'a time such as 2026-01-31T12:00:00Z, or 30s, 10m, 2h, 1d');
  return time;
}

function wrong(flag: string, found: unknown, accepted: string): CommandFailure {
  return new CommandFailure(`cannot use --${flag} ${String(found)}: accepted: ${accepted}`, exitStatus.usage);
}
