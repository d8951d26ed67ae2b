// The event a handler gets: what the gateway sent, plus the body, the function's environment and the abort signal.
// Every key is always there; null means absent (contract/invocation.md 3).

import type { LoadMessage } from '../../src/protocol/messages.ts';
import { defineProperty, isUtf8 } from './builtins.ts';
import type { Invocation } from './invocation.ts';

export interface HandlerEvent {
  [key: string]: unknown;
  body: string | ReadableStream<Uint8Array> | null;
  is_base64: boolean;
  body_base64: string | null;
  env: Record<string, string>;
  context: Record<string, unknown>;
}

/** Whole, or a stream where the handler reads it while it arrives. */
export type EventBody = string | Buffer | ReadableStream<Uint8Array> | null;

const owner: unique symbol = Symbol('invocation');

// Shared by all events, because a closure per event costs each call a microsecond. Not enumerable: an event that is
// returned, logged or copied looks the same with and without it.
const signalProperty: PropertyDescriptor = {
  configurable: true,
  enumerable: false,
  get(this: { readonly [owner]: Invocation }): AbortSignal {
    return this[owner].signal;
  },
};

/** Completes `sent` in place. Bytes that are not valid UTF-8 come as base64, so that nothing is damaged. */
export function completeEvent(
  sent: Readonly<Record<string, unknown>>,
  body: EventBody,
  load: Pick<LoadMessage, 'env' | 'context'>,
  invocation: Invocation,
): HandlerEvent {
  const event = sent as HandlerEvent;
  const isBinary = Buffer.isBuffer(body) && !isUtf8(body);
  event.body = Buffer.isBuffer(body) ? (isBinary ? null : body.toString('utf8')) : body;
  event.is_base64 = isBinary;
  event.body_base64 = isBinary ? body.toString('base64') : null;
  // A copy per call: what one handler changes must not reach the next.
  event.env = { ...(event.env ?? {}), ...load.env };
  event.context = { ...load.context, ...event.context };
  defineProperty(event, owner, { value: invocation });
  defineProperty(event, 'signal', signalProperty);
  return event;
}
