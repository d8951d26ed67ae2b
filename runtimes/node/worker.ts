// The worker program: loads one function and runs its invocations, many at once, for the gateway on the other end of
// the connection. Owes one terminal message per invocation, and ends the process when the gateway goes away.

import { AsyncLocalStorage } from 'node:async_hooks';
import { writeSync } from 'node:fs';
import type { GatewayMessage, InvokeMessage, LoadMessage, WireBody } from '../../src/protocol/messages.ts';
import { BackgroundWork } from './background-work.ts';
import { endProcess, exitProcess, sliceBytes } from './builtins.ts';
import type { HandlerCall } from './callable.ts';
import { Connection, type ConnectionListener } from './connection.ts';
import { completeEvent, type EventBody } from './event.ts';
import { describeFailure, firstLine } from './failure.ts';
import { installGuard } from './guard.ts';
import { resolveHandlerCall } from './handler-call.ts';
import type { CancelReason, Invocation } from './invocation.ts';
import { Invocations } from './invocations.ts';
import { loadModule } from './loader.ts';
import * as message from './message.ts';
import { OutputTap } from './output.ts';
import { offerPackages } from './package-paths.ts';
import { cleanProcess } from './process-view.ts';
import { StreamedBody } from './streamed-body.ts';
import { isThenable } from './thenable.ts';

/** Invocations at once: one event loop serves them all, so more would only queue here instead of in the gateway. */
const concurrency = 100;
const writeRaw = writeSync;

type RunWithin = (invocation: Invocation, run: () => void) => void;

export class Worker implements ConnectionListener {
  readonly #connection: Connection;
  readonly #output: OutputTap;
  readonly #invocations: Invocations;
  readonly #within: RunWithin;
  readonly #background = new BackgroundWork();
  #call: HandlerCall = notLoaded;
  /** Handlers are called before their bodies have arrived. */
  #streamsBody = false;
  /** The same for every event. */
  #constant: Pick<LoadMessage, 'env' | 'context'> = { env: {}, context: {} };

  constructor() {
    const context = new AsyncLocalStorage<Invocation>();
    const current = context.getStore.bind(context);
    this.#within = context.run.bind(context) as RunWithin;
    this.#connection = new Connection(this);
    this.#output = new OutputTap({
      current,
      send: (id, stream, text) => this.#connection.send(message.log(id, stream, text)),
      wake: () => this.#connection.wake(),
      flush: () => this.#connection.flush(),
    });
    this.#invocations = new Invocations({
      connection: this.#connection,
      output: this.#output,
      background: this.#background,
      describe: describeFailure,
    });
    process.on('uncaughtException', (failure) => this.#uncaught(failure, current()));
    // A promise that nobody waits for: one line in the log (contract/invocation.md 8.3), the answer is not concerned.
    process.on('unhandledRejection', (failure) => {
      this.#output.write('stderr', `${describeFailure(failure).detail}\n`);
    });
    process.on('exit', () => this.#sendRest());
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
        this.#load(received);
        return;
      default:
        throw new Error('cannot read a message of unknown type');
    }
  }

  /** A piece of a request body. */
  chunk(id: number, bytes: Buffer): void {
    const invocation = this.#invocations.find(id);
    if (invocation === undefined) return;
    if (invocation.streamed !== null) takeStreamed(invocation.streamed, bytes);
    const arrived = this.#invocations.gather(invocation, bytes);
    if (arrived !== null) this.#run(invocation, arrived.event, arrived.body);
  }

  turnEnds(): void {
    this.#output.drainAll();
  }

  ending(): void {
    this.#background.whenIdle(() => endProcess(0));
  }

  closed(): never {
    // The gateway does not wait for what user code would like to do at its exit.
    return endProcess(0);
  }

  fault(failure: unknown): never {
    this.#lastWords(describeFailure(failure).message);
    return endProcess(1);
  }

  async #load(load: LoadMessage): Promise<void> {
    try {
      // Shared by all events: what one handler changes must not reach the next.
      for (const part of Object.values(load.context)) Object.freeze(part);
      this.#streamsBody = load.streamBody === true;
      this.#constant = Object.freeze({ env: { ...load.env }, context: load.context });
      cleanProcess(load.entry, load.env);
      this.#output.install(load.maxOutputBytes);
      if (load.strict) installGuard();
      offerPackages(load.dependencies);
      this.#call = this.#resolve(await loadModule(load.entry), load);
      this.#connection.send(message.ready(concurrency, process.versions.node));
    } catch (failure) {
      const { message: text, detail } = describeFailure(failure);
      this.#connection.send(message.loadFailed(firstLine(text), detail));
    }
  }

  /** A missing callable is the answer to each invocation, not a reason to start the process again and again. */
  #resolve(module: unknown, load: LoadMessage): HandlerCall {
    try {
      return resolveHandlerCall(module, load);
    } catch (failure) {
      return () => {
        throw failure;
      };
    }
  }

  #begin(received: InvokeMessage): void {
    const { body, event } = received;
    const invocation = this.#invocations.begin(received);
    if (this.#streamsBody && body.kind !== 'none') this.#runWithStream(invocation, event, body);
    else if (body.kind === 'stream') invocation.awaitBody(event);
    else this.#run(invocation, event, body.kind === 'text' ? body.text : null);
  }

  #runWithStream(invocation: Invocation, event: InvokeMessage['event'], body: WireBody): void {
    const isWhole = body.kind === 'text';
    const streamed = new StreamedBody((bytes) => {
      if (!isWhole && !invocation.ended) this.#connection.send(message.credit(invocation.id, bytes));
    });
    if (isWhole) {
      streamed.add(Buffer.from(body.text));
      streamed.end();
    }
    invocation.streamed = streamed;
    this.#run(invocation, event, streamed.stream);
  }

  #run(invocation: Invocation, sent: InvokeMessage['event'], body: EventBody): void {
    this.#within(invocation, () => {
      try {
        const event = completeEvent(sent, body, this.#constant, invocation);
        const returned = this.#call(event, invocation);
        if (isThenable(returned)) this.#await(invocation, returned);
        else this.#invocations.settle(invocation, returned);
      } catch (failure) {
        this.#invocations.fail(invocation, failure);
      }
    });
  }

  async #await(invocation: Invocation, returned: PromiseLike<unknown>): Promise<void> {
    try {
      this.#invocations.settle(invocation, await returned);
    } catch (failure) {
      this.#invocations.fail(invocation, failure);
    }
  }

  #cancel(id: number, reason: CancelReason): void {
    const invocation = this.#invocations.find(id);
    if (invocation === undefined) return;
    this.#within(invocation, () => invocation.cancel(reason));
    this.#invocations.cancelled(invocation);
  }

  /** One that belongs to an invocation ends that invocation; any other leaves a process nobody can vouch for. */
  #uncaught(failure: unknown, invocation: Invocation | undefined): void {
    if (invocation !== undefined && !invocation.ended) {
      this.#invocations.fail(invocation, failure);
      return;
    }
    this.#output.write('stderr', `${describeFailure(failure).detail}\n`);
    if (invocation === undefined) {
      this.#lastWords('uncaught exception outside any invocation');
      exitProcess(1);
    }
  }

  /** On the process's own stderr: the protocol may be the thing that failed. */
  #lastWords(text: string): void {
    try {
      writeRaw(2, `fastfn node worker: ${text}\n`);
    } catch {
      // The pipe is gone, and with it whoever would have read this.
    }
  }

  /** process.exit() in user code: what was printed before it is worth a last write that may fail. */
  #sendRest(): void {
    this.#output.drainAll();
    const rest = this.#connection.takeUnsent();
    try {
      for (let at = 0; rest !== null && at < rest.length; )
        at += writeRaw(3, sliceBytes(rest, at, rest.length));
    } catch {
      // EAGAIN or EPIPE: the gateway sees the end of the connection, which says enough.
    }
  }
}

/** No bytes = the end. */
function takeStreamed(body: StreamedBody, bytes: Buffer): void {
  if (bytes.length > 0) body.add(bytes);
  else body.end();
}

function notLoaded(): never {
  throw new Error('cannot call a function that is not loaded');
}
