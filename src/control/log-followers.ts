// Those who follow the log over HTTP. Each is sent lines as fast as it takes them: one that is too slow is told how many lines
// it has missed, and never holds the gateway up. All end when the gateway drains.

import type { ServerResponse } from 'node:http';
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
  readonly #followers = new Set<LogFollower>();

  constructor(parts: HandlerParts) {
    this.#parts = parts;
    parts.onDrain(() => {
      for (const follower of this.#followers) follower.end();
    });
  }

  /** The answer is under way when this returns. @throws GatewayError overloaded */
  follow(call: ControlCall, filter: LogFilter): FastifyReply {
    if (this.#followers.size >= maxFollowers) {
      throw new GatewayError('overloaded', { text: 'too many follow the log' });
    }
    const { reply } = call;
    reply.hijack();
    reply.raw.writeHead(200, { ...sentHeaders(reply), 'content-type': 'text/event-stream' });
    const follower = new LogFollower(this.#parts, call, filter);
    this.#followers.add(follower);
    reply.raw.once('close', () => {
      follower.end();
      this.#followers.delete(follower);
    });
    return reply;
  }
}

/** What the scope has set on every answer. */
function sentHeaders(reply: FastifyReply): Record<string, string> {
  const entries = Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries);
}

class LogFollower {
  readonly #parts: HandlerParts;
  readonly #call: ControlCall;
  readonly #filter: LogFilter;
  readonly #raw: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  /** Place of the last line that was looked at. */
  #after: number;
  #isFull = false;
  #isScheduled = false;

  constructor(parts: HandlerParts, call: ControlCall, filter: LogFilter) {
    this.#parts = parts;
    this.#call = call;
    this.#filter = filter;
    this.#raw = call.reply.raw;
    const { logs } = parts.deps;
    const newest = logs.query({ ...filter, limit: 1 }).next;
    const seen = Number(call.request.headers['last-event-id'] ?? '');
    this.#after = Number.isSafeInteger(seen) && seen > 0 ? Math.min(seen, newest) : newest;
    this.#raw.on('drain', () => {
      this.#isFull = false;
      this.#schedule();
    });
    this.#unsubscribe = logs.subscribe(() => this.#schedule());
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
    this.#write(': following\n\n');
    this.#schedule();
  }

  end(): void {
    clearInterval(this.#heartbeat);
    this.#unsubscribe();
    this.#raw.end();
  }

  /** Lines come many at a time; one look takes them all. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      while (!this.#raw.destroyed && !this.#isFull && this.#sendBatch());
    });
  }

  /** @returns whether there may be more */
  #sendBatch(): boolean {
    const { deps, boundary } = this.#parts;
    const page = deps.logs.query({ ...this.#filter, limit: batchLines, after: this.#after });
    this.#after = page.next;
    if (page.lost > 0) this.#write(`event: lost\ndata: ${page.lost}\n\n`);
    for (const { seq, fields } of page.lines) {
      const line = boundary.present({ seq, ...fields }, this.#call.caller);
      this.#write(`id: ${seq}\nevent: log\ndata: ${JSON.stringify(line)}\n\n`);
    }
    return page.lines.length === batchLines;
  }

  #beat(): void {
    const { request, caller } = this.#call;
    const isOver = caller.kind === 'session' && this.#parts.sessions.find(request.cookies) === null;
    if (isOver) this.end();
    else this.#write(': \n\n');
  }

  #write(text: string): void {
    this.#isFull = !this.#raw.write(text) || this.#isFull;
  }
}
