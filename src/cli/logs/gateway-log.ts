// The log of a running gateway, asked for over its control plane: the newest lines as JSON, those that come as server-sent
// events. Goes on where it stopped when the connection breaks.

import { setTimeout as sleep } from 'node:timers/promises';
import type { LogFilter, LogLine } from '../../logs/log-line.ts';
import { CommandFailure } from '../cli-context.ts';

type Fields = LogLine['fields'];

export interface GatewayLogRequest {
  /** `http://host:port`, without a path. */
  readonly url: string;
  /** null: this machine is let in without. */
  readonly adminToken: string | null;
  readonly lines: number;
  readonly filter: LogFilter;
  readonly print: (fields: Fields) => void;
  /** For what is no log line. */
  readonly note: (text: string) => void;
}

/** Most lines that a gateway gives at once. */
const maxLines = 2_000;
const retryMs = 1_000;
const answerTimeoutMs = 10_000;
const maxEventBytes = 1_048_576;

/**
 * Prints the newest lines.
 * @returns the place of the last one, '' when there is none
 * @throws CommandFailure when there is no gateway, or it does not let us in
 */
export async function printLast(request: GatewayLogRequest): Promise<string> {
  const query = { format: 'json', lines: String(Math.min(request.lines, maxLines)) };
  const answer = await ask(request, query, AbortSignal.timeout(answerTimeoutMs));
  const { entries } = (await answer.json()) as { readonly entries: readonly Fields[] };
  for (const fields of entries) request.print(fields);
  return String(entries.at(-1)?.['seq'] ?? '');
}

/**
 * Prints what comes after the line at `from`, until `signal`.
 * @throws CommandFailure when the gateway does not let us in
 */
export async function printNew(request: GatewayLogRequest, from: string, signal: AbortSignal): Promise<void> {
  let last = from;
  let isOpen = false;
  const remember = (id: string): void => {
    last = id;
  };
  while (!signal.aborted) {
    try {
      const answer = await ask(request, { follow: '1' }, signal, last);
      isOpen = true;
      await printEvents(answer, request, remember);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof CommandFailure && !isOpen) throw error;
    }
    if (!signal.aborted) request.note('cannot reach the gateway; trying again');
    await sleep(retryMs, undefined, { signal }).catch(() => {});
  }
}

async function ask(
  { url, adminToken, filter }: GatewayLogRequest,
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
  lastEventId = '',
): Promise<Response> {
  const target = new URL('/_fn/logs', url);
  for (const [name, value] of Object.entries({ ...queryOf(filter), ...more }))
    target.searchParams.set(name, value);
  let answer: Response;
  try {
    const headers = {
      ...(adminToken === null ? {} : { 'x-fn-admin-token': adminToken }),
      ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }),
    };
    answer = await fetch(target, { headers, signal, redirect: 'error' });
  } catch (cause) {
    if (signal.aborted && signal.reason?.name !== 'TimeoutError') throw cause;
    throw new CommandFailure(
      `cannot reach a gateway at ${url}; name another with --url, or its log file with --path (under systemd: journalctl -u fastfn -o cat)`,
    );
  }
  if (answer.ok) return answer;
  throw new CommandFailure(`cannot read the log of ${url}: ${answer.status} ${await reasonOf(answer)}`);
}

function queryOf(filter: LogFilter): Record<string, string> {
  const { file = 'all', function: fn, runtime, version, stream, level, requestId, sinceMs } = filter;
  return {
    file,
    ...(fn === undefined ? {} : { function: fn }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(version === undefined ? {} : { version }),
    ...(stream === undefined ? {} : { stream }),
    ...(level === undefined ? {} : { level }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(sinceMs === undefined ? {} : { since: String(sinceMs) }),
  };
}

async function reasonOf(answer: Response): Promise<string> {
  try {
    const { error } = (await answer.json()) as { readonly error?: unknown };
    const isGuarded = answer.status === 401 || answer.status === 403;
    return `${String(error).slice(0, 200)}${isGuarded ? ' (FN_ADMIN_TOKEN opens it)' : ''}`;
  } catch {
    return 'and no reason that can be read';
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, as far as the gateway uses it. */
async function printEvents(
  { body }: Response,
  { print, note }: GatewayLogRequest,
  remember: (id: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    if (text.length > maxEventBytes) throw new Error('cannot read an event of more than a mebibyte');
    for (const event of events) {
      const fields = fieldsOf(event);
      const id = fields.get('id');
      if (id !== undefined) remember(id);
      const data = fields.get('data');
      if (data === undefined) continue;
      if (fields.get('event') === 'lost') note(`${data} lines came too fast and are not shown`);
      else print(JSON.parse(data));
    }
  }
}

function fieldsOf(event: string): ReadonlyMap<string, string> {
  const pairs = event.split('\n').map((line): [string, string] => {
    const at = line.indexOf(': ');
    return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
  });
  return new Map(pairs);
}
