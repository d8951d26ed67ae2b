// One call of one row: guards, input, handler, audit, and the last look at what leaves.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { type GatewayError, toGatewayError } from '../errors.ts';
import type { AccessRow, Caller, ControlHandler } from './access-row.ts';
import type { AuditLog } from './audit-log.ts';
import type { ControlGuards } from './guards.ts';
import { readRequestBody } from './request-body.ts';
import type { RowInput } from './request-input.ts';
import type { ResponseBoundary } from './response-boundary.ts';

/** A row ready to answer. */
export interface Endpoint {
  readonly row: AccessRow;
  readonly handler: ControlHandler;
  readonly input: RowInput;
  readonly guards: ControlGuards;
  readonly boundary: ResponseBoundary;
  readonly audit: AuditLog;
}

/** Filled in once the guards have let the caller pass. */
interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  caller: Caller | null;
}

export async function answerCall(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { row, boundary } = endpoint;
  const visit: Visit = { request, reply, caller: null };
  const isAudited = row.method !== 'GET' && row.audited !== false;
  try {
    const result = await run(endpoint, visit);
    if (isAudited) await audit(endpoint, visit, null);
    return boundary.present(result, visit.caller);
  } catch (thrown) {
    const error = toGatewayError(thrown);
    if (isAudited) await audit(endpoint, visit, error);
    throw boundary.refusal(error, visit.caller);
  }
}

/** No byte of a body is read for callers whom the guards refuse. */
async function run({ row, guards, input, handler }: Endpoint, visit: Visit): Promise<unknown> {
  const { request, reply } = visit;
  const caller = await guards.check(request, reply, row);
  visit.caller = caller;
  const query = input.query(request.query);
  let bytes: Buffer | null = null;
  if (row.body === undefined) request.raw.resume();
  else bytes = await readRequestBody(request.raw, row.body.maxBytes);
  return handler({ request, reply, caller, query, body: input.body(bytes) });
}

/** Refusals of strangers are left out, and of those who come too often: nobody may fill the log who may not even look. */
async function audit(
  endpoint: Endpoint,
  { request, reply, caller }: Visit,
  error: GatewayError | null,
): Promise<void> {
  const { row, guards } = endpoint;
  const known = caller ?? guards.knownCaller(request);
  if (known === null || (error?.code === 'rate_limited' && caller === null)) return;
  const status = error?.status ?? reply.statusCode;
  await endpoint.audit.record({ row, request, caller: known, status, error: error?.code ?? null });
}
