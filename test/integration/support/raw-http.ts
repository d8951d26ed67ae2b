// Bytes on a bare socket, and what the server made of them: for requests that no HTTP client would send.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request head: its line, its headers, the empty line. */
export const head = (line: string, ...headers: string[]): string => [line, ...headers, '', ''].join('\r\n');

export const get = (target: string, ...headers: string[]): string =>
  head(`GET ${target} HTTP/1.1`, 'Host: a', ...headers);

export const post = (target: string, ...headers: string[]): string =>
  head(`POST ${target} HTTP/1.1`, 'Host: a', ...headers);

/** `body` is what stands on the wire, chunk sizes included. */
export const chunked = (body: string): string => `${post('/echo', 'Transfer-Encoding: chunked')}${body}`;

/** A text goes out as Latin-1 bytes; a number is a pause in ms. */
export type RawPart = string | number;

export interface RawAnswer {
  readonly status: number;
  /** First value of a header, '' when absent. */
  header(name: string): string;
  readonly body: string;
}

export interface RawEnd {
  /** Every answer that arrived whole, `100 Continue` among them. */
  readonly answers: readonly RawAnswer[];
  /** Whether the server ended the connection. */
  readonly closed: boolean;
  readonly bytes: string;
}

/** Sends the parts, then waits for `count` final answers, for the server's end, or for `limitMs` (default 6000). */
export async function exchange(
  base: string,
  parts: readonly RawPart[],
  { count = 1, limitMs = 6000 }: { readonly count?: number; readonly limitMs?: number } = {},
): Promise<RawEnd> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  let bytes = '';
  let closed = false;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  socket.on('data', (chunk) => {
    bytes += chunk.toString('latin1');
    if (parseAnswers(bytes).filter((answer) => answer.status >= 200).length >= count) resolve();
  });
  // A reset is an end too: what came before it counts.
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
    resolve();
  });
  const timer = setTimeout(resolve, limitMs);
  for (const part of parts) {
    if (typeof part === 'number') await Promise.race([sleep(part), done]);
    else if (!socket.destroyed) socket.write(part, 'latin1');
  }
  await done;
  clearTimeout(timer);
  socket.destroy();
  return { answers: parseAnswers(bytes), closed, bytes };
}

/** Answers of one connection, framed by Content-Length as all of the gateway's own are. */
export function parseAnswers(bytes: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = bytes; ; ) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return answers;
    const head = rest.slice(0, end);
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';
    const length = Number(header('content-length') || '0');
    const body = rest.slice(end + 4, end + 4 + length);
    if (body.length < length) return answers;
    answers.push({ status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? '0'), header, body });
    rest = rest.slice(end + 4 + length);
  }
}
