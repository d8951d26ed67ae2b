// Runs invocations: gate, run, marks, one log line and the numbers. Promises that every failure is a GatewayError whose
// text a client may see. Who asked (edge, later jobs and the control plane) makes no difference here.

import type { Clock } from '../clock.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { limitExceededText } from '../policy/limit-fields.ts';
import type { ErrorMessage, LogMessage } from '../protocol/messages.ts';
import type { RequestTrace } from '../tracing/tracing.ts';
import type { Slot } from './admission.ts';
import type { Deployment } from './deployment.ts';
import { failedLimit } from './failed-limit.ts';
import { checkedRequest } from './input-check.ts';
import type { InvocationReply, InvocationRequest } from './invocation.ts';
import { OutputBudget } from './output-budget.ts';
import { CapturedOutput, debugMarks, stateMarks } from './reply-marks.ts';
import { RunningInvocation, type RunObserver } from './running-invocation.ts';

export interface InvokerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Messages of handlers stay in the log; clients see `internal error`. */
  readonly production: boolean;
}

export class Invoker {
  readonly #options: InvokerOptions;

  constructor(options: InvokerOptions) {
    this.#options = options;
  }

  /**
   * One call of one function. The deadline runs from here. What does not fit the function's schemas is refused first.
   * @throws GatewayError for everything that is not a result; its headers carry the marks
   */
  async invoke(asked: InvocationRequest, deployment: Deployment): Promise<InvocationReply> {
    const request = checkedRequest(asked);
    const { clock } = this.#options;
    const watch = new Watch(this.#options, deployment, clock.now(), request.trace ?? null);
    const deadlineMs = watch.startedMs + deployment.unit.policy.timeoutMs;
    let slot: Slot;
    try {
      const entered = deployment.gate.enter(deadlineMs, request.signal);
      slot = entered instanceof Promise ? await entered : entered;
    } catch (error) {
      const failure = toGatewayError(error);
      watch.record(request.id, failure.status, null);
      throw failure;
    }
    const run = new RunningInvocation({ request, deployment, slot, clock, deadlineMs, observer: watch });
    try {
      const reply = await run.start();
      // The run has made these headers for this reply; adding to them in place is what copying twice would do.
      Object.assign(reply.headers, watch.marks(run, slot, reply.status, null));
      return reply;
    } catch (error) {
      throw this.#publicError(toGatewayError(error), run, slot, watch);
    }
  }

  #publicError(error: GatewayError, run: RunningInvocation, slot: Slot, watch: Watch): GatewayError {
    const { redactor } = run.deployment;
    const isHandlers = error.code === 'handler_failed' || error.code === 'build_failed';
    const text = isHandlers && this.#options.production ? 'internal error' : redactor.mask(error.message);
    const marks = run.dispatched ? watch.marks(run, slot, error.status, error) : {};
    return new GatewayError(error.code, {
      text,
      status: error.status,
      headers: { ...error.headers, ...marks },
      cause: error.cause,
    });
  }
}

/** What one invocation leaves behind in logs and numbers. */
class Watch implements RunObserver {
  readonly startedMs: number;
  readonly #options: InvokerOptions;
  readonly #deployment: Deployment;
  #output: CapturedOutput | null = null;
  #budget: OutputBudget | null = null;
  readonly #trace: RequestTrace | null;

  constructor(
    options: InvokerOptions,
    deployment: Deployment,
    startedMs: number,
    trace: RequestTrace | null,
  ) {
    this.#options = options;
    this.#deployment = deployment;
    this.startedMs = startedMs;
    this.#trace = trace;
    const { name, version, runtime } = deployment.unit;
    trace?.invocationStarted({ functionName: name, version, runtime });
  }

  /** What every line of this call carries. */
  #label(id: string, worker: string | null): Record<string, unknown> {
    const trace = this.#trace;
    if (trace === null) return worker === null ? { id } : { id, worker };
    const { traceId, spanId } = trace.context;
    return { id, ...(worker === null ? {} : { worker }), trace_id: traceId, span_id: spanId };
  }

  output(run: RunningInvocation, printed: LogMessage): void {
    const { unit } = this.#deployment;
    const { outputBytes } = unit.policy.limits;
    this.#budget ??= new OutputBudget(outputBytes);
    const { kept, passed } = this.#budget.take(printed.text);
    if (passed) {
      const log = this.#deployment.logOf(this.#options.log);
      log.warn(
        { ...this.#label(run.request.id, run.workerId), limit: 'output' },
        limitExceededText('outputBytes', outputBytes),
      );
    }
    if (kept !== '') this.#keep(run, kept === printed.text ? printed : { ...printed, text: kept });
  }

  #keep(run: RunningInvocation, message: LogMessage): void {
    const { unit, redactor } = this.#deployment;
    if (unit.policy.includeDebugHeaders) {
      this.#output ??= new CapturedOutput();
      this.#output.add(message);
    }
    const log = this.#deployment.logOf(this.#options.log);
    const text = redactor.maskSecrets(message.text);
    run.request.printed?.(message.stream, text);
    const label = this.#label(run.request.id, run.workerId);
    for (const line of text.split('\n')) {
      if (line === '') continue;
      log.info(
        { ...label, stream: message.stream },
        `[fn:${unit.name}@${unit.version} ${message.stream}] ${line}`,
      );
    }
  }

  handlerFailed(run: RunningInvocation, message: ErrorMessage): void {
    const { redactor, unit } = this.#deployment;
    const limit = failedLimit(message.error, unit.policy.limits);
    this.#deployment.logOf(this.#options.log).error(
      {
        ...this.#label(run.request.id, run.workerId),
        ...(limit === null ? {} : { limit }),
        error: redactor.maskSecrets(message.error),
        detail: redactor.maskSecrets(message.detail),
      },
      'handler failed',
    );
  }

  ended(run: RunningInvocation, status: number): void {
    this.record(run.request.id, status, run.workerId);
  }

  record(id: string, status: number, worker: string | null): void {
    const { clock, log, metrics } = this.#options;
    const latencyMs = clock.now() - this.startedMs;
    metrics.duration.observe({ function: this.#deployment.unit.key, status }, latencyMs / 1000);
    const trace = this.#trace?.context ?? null;
    this.#deployment.linesOf(log).write({ id, worker, status, latencyMs, trace });
    this.#trace?.invocationEnded(status, worker);
  }

  marks(
    run: RunningInvocation,
    slot: Slot,
    status: number,
    failure: GatewayError | null,
  ): Record<string, string> {
    const { unit, redactor } = this.#deployment;
    const state = stateMarks({
      state: run.state,
      queued: slot.queued,
      status,
      failure: failure === null ? null : failure.code,
    });
    if (!unit.policy.includeDebugHeaders) return state;
    const latencyMs = this.#options.clock.now() - this.startedMs;
    return {
      ...state,
      ...debugMarks({ requestId: run.request.id, unit, latencyMs, output: this.#output, redactor }),
    };
  }
}
