// Those who follow the log over HTTP. Each is sent lines as fast as it takes them: one that is too slow is told how many lines
// it has missed, and never holds the gateway up. All end when the gateway drains.

import type { FastifyReply } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { LogFilter } from '../logs/log-line.ts';
import type { ControlCall } from './access-row.ts';
import type { HandlerParts } from './handler-parts.ts';

const maxFollowers = 32;
/** A comment now and then keeps proxies from cutting a quiet stream. */
const heartbeatMs = 15_000;
const batchLines = 500;

export class LogFollowers {
  readonly #parts: HandlerParts;
  readonly #ends = new Set<() => void>();

  constructor(parts: HandlerParts) {
    this.#parts = parts;
    parts.onDrain(() => {
      for (const end of this.#ends) end();
    });
  }

  /** @throws GatewayError overloaded */
  follow({ request, reply, caller }: ControlCall, filter: LogFilter): FastifyReply {
    const { deps, boundary, sessions } = this.#parts;
    if (this.#ends.size >= maxFollowers)
      throw new GatewayError('overloaded', { text: 'too many follow the log' });
    const { raw } = reply;
    const last = Number(request.headers['last-event-id'] ?? '');
    const start = deps.logs.query({ ...filter, limit: 1 }).next;
    let after = Number.isSafeInteger(last) && last > 0 ? Math.min(last, start) : start;
    reply.hijack();
    raw.writeHead(200, {
      ...textHeaders(reply),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    raw.write(': following\n\n');

    let scheduled = false;
    let isFull = false;
    const write = (text: string): void => {
      isFull = !raw.write(text) || isFull;
    };
    const send = (): void => {
      scheduled = false;
      while (!raw.destroyed && !isFull) {
        const page = deps.logs.query({ ...filter, limit: batchLines, after });
        after = page.next;
        if (page.lost > 0) write(`event: lost\ndata: ${page.lost}\n\n`);
        for (const { seq, fields } of page.lines) {
          const line = boundary.present({ seq, ...fields }, caller);
          write(`id: ${seq}\nevent: log\ndata: ${JSON.stringify(line)}\n\n`);
        }
        if (page.lines.length < batchLines) return;
      }
    };
    // Lines come many at a time; one look takes them all.
    const schedule = (): void => {
      if (scheduled) return;
      scheduled = true;
      setImmediate(send);
    };
    const unsubscribe = deps.logs.subscribe(schedule);
    const heartbeat = setInterval(() => {
      const isOver = caller.kind === 'session' && sessions.find(request.cookies) === null;
      if (isOver) end();
      else {
        write(': \n\n');
        schedule();
      }
    }, heartbeatMs);
    heartbeat.unref();
    const end = (): void => {
      clearInterval(heartbeat);
      unsubscribe();
      this.#ends.delete(end);
      raw.end();
    };
    this.#ends.add(end);
    raw.on('drain', () => {
      isFull = false;
      schedule();
    });
    raw.once('close', end);
    schedule();
    return reply;
  }
}

/** What the scope has set on every answer. */
function textHeaders(reply: FastifyReply): Record<string, string> {
  const entries = Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries);
}
