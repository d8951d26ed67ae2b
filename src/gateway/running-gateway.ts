// A gateway that serves: edge, catalog, reload and drain over an open worker host. Owns the order in which a running
// gateway stops taking requests and lets go of what it has.

import { type BuildReport, buildReport } from '../build/build-report.ts';
import { refusalOf } from '../build/build-state.ts';
import type { Clock } from '../clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { registerControl } from '../control/control-plane.ts';
import { createFunctionPeerCheck, hostPeerSources } from '../control/function-peer.ts';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { compileRouter } from '../discovery/router.ts';
import { watchFunctions } from '../discovery/watch.ts';
import { AddressBlocks } from '../edge/address-blocks.ts';
import type { Serving } from '../edge/edge-options.ts';
import { type ListenAddress, listenOn, stopAccepting } from '../edge/listening.ts';
import { EdgeProxy } from '../edge/proxy/edge-proxy.ts';
import { createEdge, type Edge } from '../edge/server.ts';
import { Site } from '../edge/site.ts';
import type { GatewayError } from '../errors.ts';
import { Invoker } from '../invocation/invoker.ts';
import { type Log, logRingOf } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { installsPackages } from '../policy/build-settings.ts';
import type { Fault } from '../policy/fault.ts';
import type { SandboxLayer } from '../sandbox/sandbox-layers.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import type { WorkerSnapshot } from '../supervisor/supervisor.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { CatalogLog } from './catalog-log.ts';
import { InnerCalls } from './function-calls.ts';
import { createHealthSource } from './health-source.ts';
import { Reloader } from './reloader.ts';
import type { WorkerHost } from './worker-host.ts';

/** Whoever keeps a connection open may send one more request, within this, when another gateway follows us, ms. */
const leavingMs = 1_000;
/** Past the drain time, for the last answers to reach their clients. */
const lastAnswersMs = 1_000;

export interface RunningGatewayOptions {
  readonly config: GatewayConfig;
  readonly version: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly workers: WorkerHost;
  readonly secrets: SecretStore;
  /** null: nothing is traced. */
  readonly tracing: Tracing | null;
  readonly sandbox: () => Promise<readonly SandboxLayer[]>;
  readonly scan: (generation: number) => Promise<Catalog>;
  /** What discovery would find wrong with the text of a `fn.config.json`. */
  readonly checkConfig: (text: string, file: string) => readonly Fault[];
}

/** What serves requests now, and what it was made from. */
interface Installed extends Serving {
  readonly catalog: Catalog;
}

export class RunningGateway {
  /** Ends of everything that was opened on the way; set by whoever opened it. */
  endings: AsyncDisposableStack | null = null;
  readonly #options: RunningGatewayOptions;
  readonly #reloader: Reloader;
  readonly #catalogLog: CatalogLog;
  #installed: Installed | null = null;
  #edge: Edge | null = null;
  #calls: InnerCalls | null = null;
  #phase: 'starting' | 'serving' | 'leaving' | 'draining' = 'starting';
  #watching = false;
  #closing: Promise<void> | null = null;

  private constructor(options: RunningGatewayOptions) {
    this.#options = options;
    const { scan, log, metrics } = options;
    this.#catalogLog = new CatalogLog(log);
    this.#reloader = new Reloader({
      scan,
      prepare: (catalog) => this.#prepare(catalog),
      install: (catalog) => this.#install(catalog),
      log,
      metrics,
    });
    options.workers.builds.service.whenChanged(() => this.#applyAgain());
    options.secrets.whenChanged(() => this.#applyAgain());
  }

  /** Discovery is done when this resolves; the port is not open yet. */
  static async open(options: RunningGatewayOptions, building: AsyncDisposableStack): Promise<RunningGateway> {
    const gateway = new RunningGateway(options);
    await gateway.#discover(building);
    const edge = await gateway.#createEdge(building);
    building.defer(() => edge.transport.close());
    gateway.#edge = edge;
    await gateway.#openControl(edge);
    return gateway;
  }

  async listen(): Promise<ListenAddress> {
    const { host, port, inheritedSocket } = this.#options.config;
    await this.#app.ready();
    const address = await listenOn(this.#app.server, {
      host,
      port,
      descriptor: inheritedSocket,
      scheme: this.#edge?.transport.scheme ?? 'http',
    });
    this.#phase = 'serving';
    return address;
  }

  reload(): Promise<void> {
    return this.#reloader.reload();
  }

  workers(): readonly WorkerSnapshot[] {
    return this.#options.workers.supervisor.snapshot().workers;
  }

  close(reason = 'close'): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  get #app(): Edge['app'] {
    if (this.#edge === null) throw new Error('cannot serve before the edge exists');
    return this.#edge.app;
  }

  get #serving(): Installed {
    if (this.#installed === null) throw new Error('cannot serve before the first catalog');
    return this.#installed;
  }

  async #discover(building: AsyncDisposableStack): Promise<void> {
    const { config, clock, log } = this.#options;
    const { hotReload, functionsRoot, stateDir } = config;
    if (hotReload.enabled) {
      const { watchdog, debounceMs, intervalMs } = hotReload;
      const watch = watchFunctions({
        root: functionsRoot,
        stateDir,
        watchdog,
        debounceMs,
        intervalMs,
        clock,
        // The reloader logs and keeps the error.
        onChange: () => void this.reload().catch(() => {}),
        onFallback: (error) => {
          this.#watching = false;
          log.warn({ err: error }, 'cannot watch the functions; comparing them instead');
        },
      });
      building.defer(() => watch.close());
      await watch.ready;
      this.#watching = watchdog;
    }
    await this.reload();
  }

  #createEdge(building: AsyncDisposableStack): Promise<Edge> {
    const { config, clock, log, metrics, workers, tracing } = this.#options;
    const proxy = new EdgeProxy({ clock, log, verifyTls: config.edge.verifyTls });
    building.defer(() => proxy.close());
    const invoker = new Invoker({ clock, log, metrics, production: config.production });
    const serving = () => this.#serving;
    const { isRuntimeUp } = workers;
    const notBuilt = (unit: FunctionUnit) => this.#notBuilt(unit);
    this.#calls = new InnerCalls({ invoker, proxy, serving, isRuntimeUp, notBuilt });
    return createEdge({
      limits: config.http,
      tls: config.tls,
      trustedProxyCidrs: config.trustedProxyCidrs,
      invoker: new Invoker({ clock, log, metrics, production: config.production }),
      proxy,
      browser: config.edge.browser,
      serving: () => this.#serving,
      isRuntimeUp: workers.isRuntimeUp,
      notBuilt: (unit) => this.#notBuilt(unit),
      isDraining: () => this.#phase === 'draining',
      isLeaving: () => this.#isEnding,
      clock,
      log,
      metrics,
      ...(tracing === null ? {} : { tracing }),
    });
  }

  #openControl({ app, addresses }: Edge): Promise<void> {
    const { config, log, metrics, workers, sandbox } = this.#options;
    const localBlocks = new AddressBlocks(config.control.localCidrs);
    const health = createHealthSource({
      config,
      sandbox,
      reloader: this.#reloader,
      catalog: () => this.#serving.catalog,
      isWatching: () => this.#watching,
      socketPath: (runtime) => workers.supervisor.socketPath(runtime),
    });
    const peers = hostPeerSources(() => [...this.workers().map(({ pid }) => pid), ...workers.builds.pids()]);
    if (this.#calls === null) throw new Error('cannot open the control plane before the edge');
    return registerControl(app, {
      calls: this.#calls,
      settings: config.control,
      metrics,
      health,
      logs: logRingOf(log),
      secrets: this.#options.secrets,
      catalog: () => this.#serving.catalog,
      deployments: () => this.#serving.deployments.values(),
      builds: {
        reportOf: (unit) => this.#buildReport(unit),
        stateFileOf: (functionKey) => workers.builds.service.dependencyState(functionKey),
        installs: (runtime) => installsPackages(config.build, runtime),
      },
      reload: () => this.reload(),
      checkConfig: this.#options.checkConfig,
      isStarted: () => this.#phase !== 'starting',
      isDraining: () => this.#isEnding,
      clientAddress: (request) => addresses.of(request),
      isSecure: (request) => addresses.isHttps(request),
      stateDir: config.stateDir,
      log,
      isLocalAddress: (ip) => localBlocks.includes(ip),
      ...(peers === null ? {} : { isFunctionPeer: createFunctionPeerCheck(peers) }),
    });
  }

  /** Functions of a language that this host lacks are told so; nothing is built for them. */
  #prepare(catalog: Catalog): Promise<void> {
    const { builds, isRuntimeUp } = this.#options.workers;
    return builds.service.prepare(
      [...catalog.functions.values()].filter((unit) => isRuntimeUp(unit.runtime)),
    );
  }

  /** What is built now, and secrets as they are now, are served from now on, by the catalog that serves. */
  #applyAgain(): void {
    if (this.#installed === null || this.#phase === 'draining') return;
    const { deployments } = this.#options.workers;
    deployments.apply(this.#installed.catalog);
    this.#installed = { ...this.#installed, deployments: deployments.deployments };
  }

  /** Who asks for a function without a deployment may be what begins its build. */
  #notBuilt(unit: FunctionUnit): GatewayError | null {
    const { service } = this.#options.workers.builds;
    const refusal = refusalOf(service.stateOf(unit));
    service.requested(unit.key);
    return refusal;
  }

  #buildReport(unit: FunctionUnit): BuildReport {
    const { builds, isRuntimeUp } = this.#options.workers;
    const deployment = this.#serving.deployments.get(unit.key);
    const isCurrent = deployment?.unit.signature === unit.signature;
    const serving = deployment === undefined ? 'nothing' : isCurrent ? 'current' : 'previous';
    // For a language that is not there nothing is ever built.
    const state = isRuntimeUp(unit.runtime) ? builds.service.stateOf(unit) : ({ kind: 'none' } as const);
    return buildReport(state, serving);
  }

  #install(catalog: Catalog): void {
    const { config, workers } = this.#options;
    const { deployments } = workers;
    // Compiled first: if that fails nothing has changed yet.
    const router = compileRouter(catalog);
    deployments.apply(catalog);
    const { home, landingPage } = config.edge;
    const site = new Site({ catalog, home, landingPage, stateDir: config.stateDir });
    this.#installed = { router, deployments: deployments.deployments, site, catalog };
    this.#catalogLog.add(catalog);
  }

  get #isEnding(): boolean {
    return this.#phase === 'leaving' || this.#phase === 'draining';
  }

  /** New connections wait for the next gateway; on those that are open, requests are served, each as the last one. */
  async #leave(): Promise<void> {
    const { clock, config } = this.#options;
    this.#phase = 'leaving';
    await stopAccepting(this.#app.server, clock, Math.min(leavingMs, config.drainTimeoutMs));
  }

  async #close(reason: string): Promise<void> {
    const { clock, config, workers, log } = this.#options;
    log.info({ reason }, 'draining');
    const deadlineMs = clock.now() + config.drainTimeoutMs;
    if (config.inheritedSocket !== null && this.#phase === 'serving') await this.#leave();
    this.#phase = 'draining';
    const closed = this.#app.close();
    const cutOff = () => this.#edge?.transport.cut();
    let late = clock.after(config.drainTimeoutMs + lastAnswersMs, cutOff);
    try {
      await workers.builds.service.close();
      await this.#reloader.settled();
      await workers.deployments.drain(deadlineMs);
      // Nothing runs any more: whoever has not sent a whole request by now has none that we would serve.
      late.cancel();
      late = clock.after(lastAnswersMs, cutOff);
      await closed;
    } finally {
      late.cancel();
      await this.endings?.disposeAsync();
    }
  }
}
