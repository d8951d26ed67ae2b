// The Lua worker: loads one function and runs its invocations one after the other, for the gateway on the other end of the
// connection. Owes one terminal message per invocation. Lua keeps the thread to itself while it runs, so the worker looks
// at the connection from inside: a cancel stops the code that it is meant for.

import { writeSync } from 'node:fs';
import type { GatewayMessage, InvokeMessage, LoadMessage } from '../../src/protocol/messages.ts';
import { BackgroundWork } from '../node/background-work.ts';
import { endProcess, now } from '../node/builtins.ts';
import { Connection, type ConnectionListener } from '../node/connection.ts';
import { describeFailure, type FailureText, firstLine } from '../node/failure.ts';
import type { CancelReason, Invocation } from '../node/invocation.ts';
import { Invocations } from '../node/invocations.ts';
import * as message from '../node/message.ts';
import { OutputTap } from '../node/output.ts';
import { cleanProcess } from '../node/process-view.ts';
import { LuaFunction } from './function.ts';
import { LuaFailure } from './vm/lua-vm.ts';

/** One machine, one stack: a second invocation would only wait here instead of in the gateway. */
const concurrency = 1;
const luaVersion = '5.4';
const bytesPerMb = 1_048_576;
/** How often running Lua code is interrupted to see whether a message has arrived, ms. */
const pollMs = 20;
/** Node itself, its heap and the copies of what crosses to Lua and back: not Lua's to take, MiB. */
const reservedMb = 96;
/** The module starts with this much, MiB: a smaller limit would be none. */
const leastMb = 32;

/** What Lua code gets as its error when it is ended. */
const cancelTexts: Readonly<Record<CancelReason, string>> = {
  deadline: 'invocation cancelled: its deadline has passed',
  client_closed: 'invocation cancelled: the client has gone',
  payload_too_large: 'invocation cancelled: its body is over the limit',
};

export class LuaWorker implements ConnectionListener {
  readonly #connection: Connection;
  readonly #output: OutputTap;
  readonly #function: LuaFunction;
  readonly #invocations: Invocations;
  /** The invocation whose Lua code runs now or ran last. */
  #current: Invocation | undefined;
  #nextPollAt = 0;

  /** @param memoryMb what the whole process may take */
  constructor(moduleBytes: Uint8Array, memoryMb: number) {
    this.#function = new LuaFunction(moduleBytes, {
      maxMemoryBytes: Math.max(leastMb, memoryMb - reservedMb) * bytesPerMb,
      shouldStop: () => this.#shouldStop(),
    });
    this.#connection = new Connection(this);
    this.#output = new OutputTap({
      current: () => this.#current,
      send: (id, stream, text) => this.#connection.send(message.log(id, stream, text)),
      wake: () => this.#connection.wake(),
      flush: () => this.#connection.flush(),
    });
    this.#invocations = new Invocations({
      connection: this.#connection,
      output: this.#output,
      background: new BackgroundWork(),
      describe: (failure) => describe(failure, 'lua handler error: '),
      failed: () => this.#endIfBroken(),
    });
    process.on('uncaughtException', (failure) => this.fault(failure));
  }

  message(received: GatewayMessage): void {
    switch (received.type) {
      case 'invoke':
        this.#begin(received);
        return;
      case 'credit':
        this.#invocations.find(received.id)?.window.grant(received.bytes);
        return;
      case 'cancel':
        this.#cancel(received.id, received.reason);
        return;
      case 'ping':
        this.#connection.send(message.pong(received.n));
        return;
      case 'load':
        queueMicrotask(() => this.#load(received));
        return;
      default:
        throw new Error('cannot read a message of unknown type');
    }
  }

  /** A piece of a request body. */
  chunk(id: number, bytes: Buffer): void {
    const invocation = this.#invocations.find(id);
    if (invocation === undefined) return;
    const arrived = this.#invocations.gather(invocation, bytes);
    if (arrived !== null) this.#runSoon(invocation, arrived.event, arrived.body);
  }

  turnEnds(): void {
    this.#output.drainAll();
  }

  ending(): never {
    return endProcess(0);
  }

  closed(): never {
    return endProcess(0);
  }

  fault(failure: unknown): never {
    try {
      writeSync(2, `fastfn lua worker: ${describeFailure(failure).message}\n`);
    } catch {
      // The pipe is gone, and with it whoever would have read this.
    }
    return endProcess(1);
  }

  #load(load: LoadMessage): void {
    try {
      cleanProcess(load.entry, load.env);
      this.#output.install(load.maxOutputBytes);
      this.#function.load(load, (stream, text) => this.#output.write(stream, text));
      this.#connection.send(message.ready(concurrency, luaVersion));
    } catch (failure) {
      const { message: text, detail } = describe(failure);
      this.#connection.send(message.loadFailed(firstLine(text), detail));
    }
  }

  #begin(received: InvokeMessage): void {
    const { body, event } = received;
    const invocation = this.#invocations.begin(received);
    if (body.kind === 'stream') invocation.awaitBody(event);
    else this.#runSoon(invocation, event, body.kind === 'text' ? body.text : null);
  }

  /** Not in the middle of reading frames: while Lua runs, more of them are read. */
  #runSoon(invocation: Invocation, event: InvokeMessage['event'], body: string | Buffer | null): void {
    queueMicrotask(() => {
      if (!invocation.ended) this.#run(invocation, event, body);
    });
  }

  #run(invocation: Invocation, sent: InvokeMessage['event'], body: string | Buffer | null): void {
    this.#current = invocation;
    this.#nextPollAt = now() + pollMs;
    try {
      this.#invocations.settle(invocation, this.#function.call(sent, body));
    } catch (failure) {
      this.#invocations.fail(invocation, failure);
    }
  }

  #endIfBroken(): void {
    const { broken } = this.#function;
    if (broken === null) return;
    this.#connection.flush();
    this.fault(broken);
  }

  /** While Lua runs, `#shouldStop` ends it. */
  #cancel(id: number, reason: CancelReason): void {
    const invocation = this.#invocations.find(id);
    if (invocation === undefined) return;
    invocation.cancel(reason);
    this.#invocations.cancelled(invocation);
  }

  /** Asked while Lua runs, every few microseconds. The deadline is the gateway's: it says so with a cancel. */
  #shouldStop(): string | null {
    const time = now();
    if (time >= this.#nextPollAt) {
      this.#nextPollAt = time + pollMs;
      this.#connection.readArrived();
    }
    const reason = this.#current?.cancelled ?? null;
    return reason === null ? null : cancelTexts[reason];
  }
}

/** @param prefix stands before Lua's own words */
function describe(failure: unknown, prefix = ''): FailureText {
  if (!(failure instanceof LuaFailure)) return describeFailure(failure);
  const text = `${prefix}${failure.message}`;
  return { message: text, detail: failure.traceback === '' ? text : `${text}\n${failure.traceback}` };
}
