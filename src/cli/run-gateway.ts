// One gateway from start to end: opens the port when it is ready, says so in one line, reloads on SIGHUP, drains on
// SIGTERM or SIGINT, ends at once on a second signal. Owns the log's flushing and the process's signal handlers.

import type { GatewayConfig } from '../config/gateway-config.ts';
import { createLog, type Log } from '../log.ts';
import { routeTable } from './catalog-view.ts';
import { type CliContext, CommandFailure, exitStatus } from './cli-context.ts';
import type { Gateway, GatewayModule } from './gateway-module.ts';
import { StopSignals } from './stop-signals.ts';

export interface GatewayRun {
  readonly config: GatewayConfig;
  readonly context: CliContext;
  /** Print a route table before the first log line. */
  readonly showRoutes: boolean;
}

/** The log is buffered; this is the longest that a line waits on a quiet gateway. */
const flushEveryMs = 200;

/** Beyond the drain time, for ending worker groups and closing files. Then the process ends with work undone. */
const closingGraceMs = 8000;

/** Returns when the gateway has ended after a signal. Throws CommandFailure where it cannot start. */
export async function runGateway(run: GatewayRun): Promise<number> {
  const { config, context } = run;
  const log = createLog(config.log);
  const flushing = setInterval(() => log.flush(), flushEveryMs);
  const signals = new StopSignals(context);
  try {
    const module = await context.loadGateway();
    if (run.showRoutes) context.print(routeTable(await module.inspectFunctions(config, context.layout)));
    return await serveUntilSignal(module, run, log, signals);
  } finally {
    signals.end();
    clearInterval(flushing);
    await flushed(log);
  }
}

async function serveUntilSignal(module: GatewayModule, run: GatewayRun, log: Log, signals: StopSignals) {
  const gateway = await module.createGateway(run.config, run.context.layout, log);
  try {
    const address = await gateway.listen();
    // Scripts, units and tests wait for this text; it comes once.
    log.info(`listening on ${address.url}`);
    log.flush();
    signals.onReload(() => reload(gateway, log));
  } catch (error) {
    await gateway.close('cannot listen');
    throw listenFailure(error, run.config);
  }
  const signal = await signals.stop;
  log.info({ signal }, 'stopping');
  return closeInTime(gateway, run.config.drainTimeoutMs, signal, log);
}

/** The gateway bounds its own drain; this is the belt for the case that it does not. */
async function closeInTime(
  gateway: Gateway,
  drainTimeoutMs: number,
  signal: string,
  log: Log,
): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(exitStatus.failed), drainTimeoutMs + closingGraceMs);
  });
  const closed = gateway.close(signal).then(() => exitStatus.done);
  const status = await Promise.race([closed, overdue]);
  clearTimeout(timer);
  if (status === exitStatus.done) log.info('stopped');
  else log.error('cannot end in time: leaving what is left to the kernel');
  return status;
}

/** A reload that fails leaves the old catalog serving. */
async function reload(gateway: Gateway, log: Log): Promise<void> {
  try {
    await gateway.reload();
  } catch (error) {
    log.error({ err: error }, 'cannot reload; the old functions go on serving');
  }
}

/** The reasons an operator can do something about, in words. */
function listenFailure(error: unknown, config: GatewayConfig): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const place = `${config.host}:${config.port}`;
  if (code === 'EADDRINUSE') {
    const text = `FN_HOST_PORT=${config.port} is already in use`;
    return new CommandFailure(
      `${text} on ${config.host}; stop the existing process or set FN_HOST_PORT to another port`,
    );
  }
  if (code === 'EACCES') return new CommandFailure(`cannot listen on ${place}: no permission for this port`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new CommandFailure(`cannot listen on ${place}: this machine has no such address`);
  }
  return error;
}

function flushed(log: Log): Promise<void> {
  return new Promise((resolve) => {
    // A reader of standard output that stopped reading must not keep us here.
    const timer = setTimeout(resolve, 1000);
    log.flush(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
