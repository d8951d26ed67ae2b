// `GET /_fn/logs`: the newest lines of this gateway's log, as text, as JSON, or followed as server-sent events
// (contract/control-plane.md 9; https://html.spec.whatwg.org/multipage/server-sent-events.html).

import { type LogFile, type LogFilter, type LogLevel, logFiles, logLevels } from '../logs/log-line.ts';
import { logLineText } from '../logs/log-text.ts';
import type { ControlCall, ControlHandler } from './access-row.ts';
import { badRequest } from './bad-request.ts';
import type { HandlerParts } from './handler-parts.ts';
import { LogFollowers } from './log-followers.ts';

const defaultLines = 200;
const maxLines = 2_000;

export function logHandlers(parts: HandlerParts) {
  const followers = new LogFollowers(parts);
  return {
    logs: (call) => {
      const filter = filterOf(call.query);
      const wantsEvents = call.query['follow'] === '1' || acceptsEvents(call);
      // HEAD would be a stream of nothing.
      const follows = wantsEvents && call.request.method === 'GET';
      return follows ? followers.follow(call, filter) : page(parts, call, filter);
    },
  } satisfies Record<string, ControlHandler>;
}

function page({ deps }: HandlerParts, { query, reply }: ControlCall, filter: LogFilter): unknown {
  const asked = Number(query['lines'] ?? defaultLines);
  const limit = Number.isFinite(asked) ? Math.min(maxLines, Math.max(1, Math.floor(asked))) : defaultLines;
  const { lines } = deps.logs.query({ ...filter, limit });
  const data = lines.map(({ fields }) => logLineText(fields));
  if (query['format'] !== 'json') {
    reply.type('text/plain; charset=utf-8');
    return data.map((line) => `${line}\n`).join('');
  }
  const { runtime, version } = query;
  const fn = query['fn'] ?? query['function'];
  return {
    file: filter.file,
    lines: data.length,
    ...(runtime === undefined ? {} : { runtime }),
    ...(fn === undefined ? {} : { fn }),
    ...(version === undefined ? {} : { version }),
    stream: filter.stream ?? 'all',
    data,
    entries: lines.map(({ seq, fields }) => ({ seq, ...fields })),
  };
}

/** @throws GatewayError bad_request that names the parameter */
function filterOf(query: ControlCall['query']): LogFilter {
  const { file = 'error', stream = 'all', level, runtime, version, request_id: requestId, since } = query;
  if (!isOneOf(file, logFiles)) throw badRequest('invalid file');
  if (!isOneOf(stream, ['all', 'stdout', 'stderr'] as const)) throw badRequest('invalid stream');
  if (level !== undefined && !Object.hasOwn(logLevels, level)) throw badRequest('invalid level');
  const name = query['fn'] ?? query['function'];
  const sinceMs = since === undefined ? undefined : timeOf(since);
  return {
    // A stream is the runtime's matter, whatever file was not named.
    file:
      query['file'] === undefined && (stream !== 'all' || requestId !== undefined)
        ? 'all'
        : (file as LogFile),
    ...(stream === 'all' ? {} : { stream }),
    ...(level === undefined ? {} : { level: level as LogLevel }),
    ...(name === undefined || name === '' ? {} : { function: name }),
    ...(runtime === undefined || runtime === '' ? {} : { runtime }),
    ...(version === undefined || version === '' ? {} : { version }),
    ...(requestId === undefined || requestId === '' ? {} : { requestId }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

function isOneOf<T extends string>(text: string, words: readonly T[]): text is T {
  return (words as readonly string[]).includes(text);
}

/** Epoch ms, or a time of ISO 8601. */
function timeOf(text: string): number {
  const time = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(time)) throw badRequest('invalid since');
  return time;
}

function acceptsEvents({ request }: ControlCall): boolean {
  return (request.headers.accept ?? '').includes('text/event-stream');
}
