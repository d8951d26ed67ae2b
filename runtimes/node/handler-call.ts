// From a loaded module to one callable of (event, invocation): finds the handler and fixes how it is called
// (contract/invocation.md 5, 6 and 8).

import type { LoadMessage } from '../../src/protocol/messages.ts';
import { lambdaCall } from './adapters/aws-lambda.ts';
import { workerCall } from './adapters/cloudflare-worker.ts';
import type { HandlerCall, UserFunction } from './callable.ts';

const identifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const defaultName = 'handler';
const noParams = Object.freeze({});

/** @throws Error when there is nothing to call: it is the answer to every invocation. */
export function resolveHandlerCall(
  module: unknown,
  load: Pick<LoadMessage, 'handler' | 'adapter'>,
): HandlerCall {
  const name = load.handler.trim() === '' ? defaultName : load.handler.trim();
  if (!identifier.test(name)) throw new Error('invoke.handler must be a valid identifier');
  if (load.adapter === 'cloudflare-worker') return workerCall(findFetch(module, name));
  const handler = findHandler(module, name);
  if (handler === null) throw new Error(`${name}(event) is required`);
  return load.adapter === 'aws-lambda' ? lambdaCall(handler, module) : nativeCall(handler, module);
}

/** Always two arguments: what a handler declares before a default value says nothing about what it wants. */
function nativeCall(handler: UserFunction, module: unknown): HandlerCall {
  return (event) => handler.call(module, event, event.params ?? noParams);
}

function findHandler(module: unknown, name: string): UserFunction | null {
  const byDefault = memberOf(module, 'default');
  const named = memberOf(module, name) ?? memberOf(byDefault, name);
  if (typeof named === 'function') return named;
  // A function exported by itself has no name to look for, so it answers to the default one only.
  if (name !== defaultName) return null;
  if (typeof module === 'function') return module;
  return typeof byDefault === 'function' ? byDefault : null;
}

function findFetch(module: unknown, name: string): { readonly fetch: UserFunction; readonly self: unknown } {
  const byDefault = memberOf(module, 'default');
  for (const [self, member] of [
    [module, 'fetch'],
    [byDefault, 'fetch'],
    [module, name],
  ] as const) {
    const fetch = memberOf(self, member);
    if (typeof fetch === 'function') return { fetch, self };
  }
  throw new Error('cloudflare-worker adapter requires fetch(request, env, ctx)');
}

function memberOf(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return Reflect.get(value, name);
}
