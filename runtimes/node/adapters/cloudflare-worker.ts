// Runs Cloudflare module workers unchanged: fetch(request, env, ctx) with the standard Request
// (contract/invocation.md 8.3).

import type { HandlerCall, UserFunction } from '../callable.ts';
import type { HandlerEvent } from '../event.ts';
import { describeFailure } from '../failure.ts';
import { fieldsOf, headerOf, rawTarget, textOf } from './fields.ts';

// Of the connection, not of the message; Request works them out for itself.
const connectionHeaders: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'expect',
  'keep-alive',
]);

export function workerCall(target: { readonly fetch: UserFunction; readonly self: unknown }): HandlerCall {
  return (event, invocation) => {
    const request = new Request(requestUrl(event), {
      method: textOf(event.method) || 'GET',
      headers: requestHeaders(event),
      body: requestBody(event),
      signal: invocation.signal,
    });
    const requestId = textOf(fieldsOf(event.context).request_id) || textOf(event.id);
    return target.fetch.call(target.self, request, event.env, {
      requestId,
      waitUntil: (work: unknown): void => {
        void invocation.background.add(reportRejection(work, requestId));
      },
      passThroughOnException: () => {},
    });
  };
}

function requestUrl(event: HandlerEvent): string {
  const target = rawTarget(event);
  if (/^https?:\/\//i.test(target)) return target;
  // Not x-forwarded-proto: anybody may send that. This is what a trusted proxy said.
  const { proto, host } = fieldsOf(fieldsOf(event.context).forwarded);
  const origin = `${textOf(proto) || 'http'}://${textOf(host) || headerOf(event, 'host') || '127.0.0.1'}`;
  return `${origin}${target.startsWith('/') ? '' : '/'}${target}`;
}

function requestHeaders(event: HandlerEvent): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fieldsOf(event.headers))) {
    if (connectionHeaders.has(name.toLowerCase())) continue;
    for (const line of Array.isArray(value) ? value : [value]) headers.append(name, textOf(line));
  }
  return headers;
}

function requestBody(event: HandlerEvent): string | Uint8Array<ArrayBuffer> | null {
  const method = (textOf(event.method) || 'GET').toUpperCase();
  if (method === 'GET' || method === 'HEAD') return null;
  if (event.is_base64) return new Uint8Array(Buffer.from(event.body_base64 ?? '', 'base64'));
  return typeof event.body === 'string' ? event.body : null;
}

/** Work after the answer: not waited for; a failure is one line in the log and nothing to the client. */
async function reportRejection(work: unknown, requestId: string): Promise<void> {
  try {
    await work;
  } catch (failure) {
    const error = describeFailure(failure).message;
    const line = {
      t: new Date().toISOString(),
      component: 'node_worker',
      event: 'wait_until_rejection',
      request_id: requestId,
      error,
    };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  }
}
