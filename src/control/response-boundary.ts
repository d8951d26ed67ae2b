// The last look at what leaves the control plane. Values of secrets are taken out of every text whoever asks; for callers who
// are not the operator also the paths of this host.

import { GatewayError } from '../errors.ts';
import { Redactor } from '../invocation/redaction.ts';
import type { Caller } from './access-row.ts';
import type { ControlDeps } from './control-deps.ts';

export class ResponseBoundary {
  readonly #deps: ControlDeps;
  /** Knows the paths of this host and no secrets. */
  #paths: Redactor | null = null;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  /** Without values of secrets. */
  shown(text: string): string {
    let masked = text;
    for (const { redactor } of this.#deps.deployments()) masked = redactor.maskSecrets(masked);
    return masked;
  }

  /**
   * @param value JSON data; anything that is no plain data passes as it is
   * @param caller null: a stranger
   */
  present(value: unknown, caller: Caller | null): unknown {
    return maskTexts(value, this.#maskFor(caller));
  }

  /** For documents that strangers may read and that hold no path of this host. */
  withoutSecrets(value: unknown): unknown {
    return maskTexts(value, (text) => this.shown(text));
  }

  /** The error with a text that this caller may see; its cause stays for the log. */
  refusal(error: GatewayError, caller: Caller | null): GatewayError {
    const text = this.#maskFor(caller)(error.message);
    const { code, status, headers, cause } = error;
    return text === error.message ? error : new GatewayError(code, { text, status, headers, cause });
  }

  #maskFor(caller: Caller | null): (text: string) => string {
    const isOperator = caller !== null && caller.kind !== 'remote' && caller.kind !== 'function';
    return (text) => (isOperator ? this.shown(text) : this.#forStrangers(text));
  }

  #forStrangers(text: string): string {
    this.#paths ??= new Redactor({ root: this.#deps.catalog().root, secrets: [] });
    return this.#paths.mask(this.shown(text));
  }
}

function maskTexts(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item) => maskTexts(item, mask));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskTexts(item, mask)]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
