// Who changed what, from where, and what came of it: a line for every write that got past the outer guards. Lines name things
// and never hold what was written, so no secret can be in them.

import type { FastifyRequest } from 'fastify';
import type { Log } from '../log.ts';
import type { AppendLog } from '../store/append-log.ts';
import type { AccessRow, Caller } from './access-row.ts';

export interface AuditEvent {
  readonly row: AccessRow;
  readonly request: FastifyRequest;
  readonly caller: Caller | null;
  readonly status: number;
  /** Error code; null when it went well. */
  readonly error: string | null;
}

/** Query keys that name what a write is about. */
const namingKeys = ['runtime', 'name', 'version', 'path', 'key'] as const;
const maxTextLength = 300;

export class AuditLog {
  readonly #lines: AppendLog;
  readonly #log: Log;
  /** What handlers have to add, by request. */
  readonly #details = new WeakMap<FastifyRequest, Readonly<Record<string, unknown>>>();

  constructor(lines: AppendLog, log: Log) {
    this.#lines = lines;
    this.#log = log;
  }

  /** Adds to the line of this request what its URL does not say. Must hold no value that could be a secret. */
  describe(request: FastifyRequest, details: Readonly<Record<string, unknown>>): void {
    this.#details.set(request, details);
  }

  /** Never rejects: a full disk must not undo what has been done, and is told in the gateway's log. */
  async record({ row, request, caller, status, error }: AuditEvent): Promise<void> {
    const line = {
      id: request.id,
      action: row.handler,
      method: row.method,
      path: row.path,
      ...targetOf(request.query),
      ...this.#details.get(request),
      by: caller?.kind ?? 'unknown',
      ...(caller?.user == null ? {} : { user: caller.user }),
      from: caller?.address ?? '',
      status,
      ...(error === null ? {} : { error }),
    };
    this.#log.info(line, 'control');
    try {
      await this.#lines.add({ time: new Date().toISOString(), ...line });
    } catch (cause) {
      this.#log.error({ id: request.id, err: cause }, 'cannot write the audit log');
    }
  }

  /** Oldest first. */
  tail(lines: number): Promise<Record<string, unknown>[]> {
    return this.#lines.tail(lines);
  }

  settled(): Promise<void> {
    return this.#lines.settled();
  }
}

function targetOf(query: unknown): { readonly target?: Readonly<Record<string, string>> } {
  const asked = typeof query === 'object' && query !== null ? new Map(Object.entries(query)) : new Map();
  const entries = namingKeys.flatMap((key): [string, string][] => {
    const value: unknown = asked.get(key);
    return typeof value === 'string' ? [[key, value.slice(0, maxTextLength)]] : [];
  });
  return entries.length === 0 ? {} : { target: Object.fromEntries(entries) };
}
