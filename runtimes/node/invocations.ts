// The invocations that run in a worker, from their first message to the one terminal message that each is owed: an answer,
// or an error. How a handler is called is the worker's.

import type { InvokeMessage } from '../../src/protocol/messages.ts';
import { sendAnswer } from './answer-sender.ts';
import type { BackgroundWork } from './background-work.ts';
import type { Connection } from './connection.ts';
import type { FailureText } from './failure.ts';
import { type ArrivedBody, Invocation } from './invocation.ts';
import * as message from './message.ts';
import type { OutputTap } from './output.ts';
import { toAnswer, UndecodableBody } from './result.ts';

export interface InvocationsOptions {
  readonly connection: Connection;
  readonly output: OutputTap;
  readonly background: BackgroundWork;
  /** A handler's failure in words. */
  readonly describe: (failure: unknown) => FailureText;
  /** Told after each failure. */
  readonly failed?: () => void;
}

export class Invocations {
  readonly #options: InvocationsOptions;
  /** By id. Without a prototype, and not a Map: user code may replace Map.prototype.get. */
  readonly #running: Record<number, Invocation> = Object.create(null);

  constructor(options: InvocationsOptions) {
    this.#options = options;
  }

  /** undefined for ids that are not running: they are late by design, and crossed the answer on the wire. */
  find(id: number): Invocation | undefined {
    return this.#running[id];
  }

  begin({ id, remaining_ms }: InvokeMessage): Invocation {
    const invocation = new Invocation(id, remaining_ms, this.#options.background);
    this.#running[id] = invocation;
    return invocation;
  }

  /** Takes a piece of a body that is gathered; what the handler is called with once it is whole, else null. */
  gather(invocation: Invocation, bytes: Buffer): ArrivedBody | null {
    const { arriving } = invocation;
    if (arriving === null) return null;
    if (bytes.length > 0) {
      arriving.add(bytes);
      this.#options.connection.send(message.credit(invocation.id, bytes.length));
      return null;
    }
    invocation.arriving = null;
    return arriving.end();
  }

  /**
   * Answers with what the handler returned.
   * @throws Error when the value is no answer
   */
  settle(invocation: Invocation, value: unknown): void {
    // Something else may have ended it before its promise did.
    if (invocation.ended) return;
    const { connection, output } = this.#options;
    const answer = toAnswer(value);
    output.drain(invocation);
    const rest = sendAnswer(connection, invocation, answer);
    if (rest === undefined) this.#end(invocation);
    else this.#finish(invocation, rest);
  }

  fail(invocation: Invocation, failure: unknown): void {
    if (!invocation.ended) this.#sendFailure(invocation, failure);
    this.#options.failed?.();
  }

  /** While its handler runs, a cancelled one is sent nothing: it owes its end, and the gateway kills what does not come to one. */
  cancelled(invocation: Invocation): void {
    // A body that will not arrive, or an answer whose source may never come to its next piece.
    if (invocation.arriving !== null || invocation.answering)
      this.fail(invocation, new Error('invocation cancelled'));
  }

  #sendFailure(invocation: Invocation, failure: unknown): void {
    const { connection, output, describe } = this.#options;
    const { message: text, detail } = describe(failure);
    output.drain(invocation);
    const undecodable = failure instanceof UndecodableBody;
    connection.send(message.invocationError(invocation.id, text, detail, undecodable));
    this.#end(invocation);
  }

  async #finish(invocation: Invocation, rest: Promise<void>): Promise<void> {
    invocation.answering = true;
    try {
      await rest;
      this.#options.output.drain(invocation);
      this.#end(invocation);
    } catch (failure) {
      this.fail(invocation, failure);
    }
  }

  #end(invocation: Invocation): void {
    invocation.ended = true;
    invocation.streamed?.fail(new Error('cannot read on: the invocation has ended'));
    delete this.#running[invocation.id];
  }
}
