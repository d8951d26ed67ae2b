// An operator at the control plane of a gateway: asks with the headers that writes need, and reads JSON back.

import type { TestGateway } from './gateway.ts';
import { type Answer, ask } from './http.ts';

export interface Operator {
  get(target: string, headers?: Record<string, string>): Promise<Answer>;
  send(method: string, target: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** @param common sent with every request, for example a token */
export function operatorOf(gateway: Pick<TestGateway, 'url'>, common: Record<string, string> = {}): Operator {
  return {
    get: (target, headers = {}) => ask(gateway.url, target, { headers: { ...common, ...headers } }),
    send: (method, target, body, headers = {}) =>
      ask(gateway.url, target, {
        method,
        headers: { 'x-fn-request': '1', ...common, ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
  };
}

/** Query of a function. */
export function target(runtime: string, name: string, more: Record<string, string> = {}): string {
  return new URLSearchParams({ runtime, name, ...more }).toString();
}
