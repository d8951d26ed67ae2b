// Everything that makes worker processes: programs on disk, supervisor, and the deployments that ask for workers. Each
// thing it opens is put on the caller's stack with its end.

import { realpathSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import type { BuildPlanner } from '../build/build-planner.ts';
import type { BuildState } from '../build/build-state.ts';
import type { Clock } from '../clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Layout } from '../config/layout.ts';
import { installPrograms } from '../config/program-files.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { type Log, maskInLog } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type RuntimeName, runtimeNames } from '../policy/runtime-name.ts';
import type { Capabilities } from '../sandbox/capabilities.ts';
import { withTempDir } from '../sandbox/language-guard.ts';
import { type LaunchPlan, planLaunch } from '../sandbox/launch-plan.ts';
import { peerPid } from '../sandbox/peer-credentials.ts';
import { loadSystemGrants } from '../sandbox/system-grants.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import type { WorkerCgroups } from '../supervisor/cgroup.ts';
import { IdleProcessors } from '../supervisor/idle-processors.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { makeGatewayTempDir } from '../supervisor/temp-dir.ts';
import type { LaunchPlace } from '../supervisor/worker-process.ts';
import type { SupervisorListener, WorkerSpec } from '../supervisor/worker-spec.ts';
import { type Builds, openBuilds } from './build-host.ts';
import { DeploymentSet, type Readiness } from './deployment-set.ts';
import { FunctionEnvironments } from './function-environments.ts';
import { NamespaceTier } from './namespace-tier.ts';
import { planWorker, type WorkerPlanner } from './worker-plan.ts';
import { admitWorkerUser } from './worker-user.ts';

export interface WorkerHostOptions {
  readonly config: GatewayConfig;
  readonly layout: Layout;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly capabilities: Capabilities;
  /** null: this host lends us none. */
  readonly cgroups: WorkerCgroups | null;
  /** Who plans builds; default: those of the product. */
  readonly planners?: Readonly<Record<RuntimeName, BuildPlanner | null>> | undefined;
  /** Changes a plan before it is carried out: how a layer of the jail is taken away to see what the others hold. */
  readonly alterPlan?: (plan: LaunchPlan, spec: WorkerSpec) => LaunchPlan;
}

export interface WorkerHost {
  readonly namespace: NamespaceTier;
  readonly supervisor: Supervisor;
  readonly deployments: DeploymentSet;
  readonly builds: Builds;
  isRuntimeUp(runtime: RuntimeName): boolean;
}

/** Processes of a function without a limit of its own whose workers take one call each: enough to wait in parallel. */
const singleProcessesPerCore = 8;

export interface WorkerProcesses {
  readonly namespace: NamespaceTier;
  readonly supervisor: Supervisor;
  readonly planner: WorkerPlanner;
}

export async function openWorkerHost(
  options: WorkerHostOptions & { readonly secrets: SecretStore },
  building: AsyncDisposableStack,
): Promise<WorkerHost> {
  const { config, log, metrics, clock } = options;
  const isRuntimeUp = (runtime: RuntimeName) => config.adapters.get(runtime)?.available === true;
  // The supervisor reports to the deployments, and the deployments ask the supervisor: the first report comes later.
  const listener: { current: SupervisorListener | null } = { current: null };
  const { supervisor, planner, namespace } = await openWorkerProcesses(options, listener, building);
  const { programs, system } = planner;
  const deploymentsOf: { current: DeploymentSet | null } = { current: null };
  const inUse = () => deploymentsOf.current?.artifactsInUse ?? new Set<string>();
  const builds = openBuilds({ ...options, programs, system, inUse }, building);
  const environments = new FunctionEnvironments({ config: config.secrets, store: options.secrets, log });
  const processors = new IdleProcessors({ clock });
  const deployments = new DeploymentSet({
    clock,
    metrics,
    root: config.functionsRoot,
    processes: supervisor,
    plan: (unit, poolKey, env, artifact) => planWorker(planner, unit, poolKey, env, artifact),
    maxSharedProcesses: ({ runtime }: FunctionUnit) =>
      config.runtimeDaemons.get(runtime) ?? availableParallelism(),
    maxSingleProcesses: singleProcessesPerCore * availableParallelism(),
    hasIdleProcessor: () => processors.any,
    isServed: (unit) => isRuntimeUp(unit.runtime),
    environmentOf: (unit) => environments.of(unit),
    maskInLog: (values) => maskInLog(log, values),
    readinessOf: (unit) => readinessOf(builds.service.stateOf(unit), config.hotReload.enabled),
  });
  listener.current = deployments;
  deploymentsOf.current = deployments;
  return { namespace, supervisor, deployments, builds, isRuntimeUp };
}

/** With hot reload somebody is editing, and wants to see what is wrong; otherwise what served before goes on. */
function readinessOf(state: BuildState, hotReload: boolean): Readiness {
  switch (state.kind) {
    case 'none':
      return { kind: 'ready', artifact: null };
    case 'built':
      return { kind: 'ready', artifact: state.artifact };
    case 'failed':
      return { kind: 'waiting', keepsPrevious: !hotReload || state.fault.stage === 'host' };
    case 'idle':
    case 'building':
      return { kind: 'waiting', keepsPrevious: true };
  }
}

/** Programs on disk and the supervisor that starts them, without anybody who wants workers yet. */
export async function openWorkerProcesses(
  options: WorkerHostOptions,
  listener: { readonly current: SupervisorListener | null },
  building: AsyncDisposableStack,
): Promise<WorkerProcesses> {
  const { config } = options;
  const planner: WorkerPlanner = { config, ...openPrograms(options, building) };
  const tempParent = realTempFolder();
  const namespace = new NamespaceTier({ ...options, ...planner, tempParent });
  const supervisor = await openSupervisor(options, { ...planner, namespace }, tempParent, listener);
  building.defer(() => supervisor.close());
  return { namespace, supervisor, planner };
}

/** The product's own programs on disk, and what the host offers to all of them. */
export function openPrograms(
  { config, layout, log }: Pick<WorkerHostOptions, 'config' | 'layout' | 'log'>,
  building: AsyncDisposableStack,
): Pick<WorkerPlanner, 'programs' | 'system'> {
  const programsDir = makeGatewayTempDir(realTempFolder(), 'programs');
  building.defer(() => rmSync(programsDir, { recursive: true, force: true }));
  const programs = installPrograms(layout, programsDir);
  admitWorkerUser(config, programs, programsDir, log);
  return { programs, system: loadSystemGrants(config.workerEnvironment) };
}

/** Workers open real paths only: a link in the way to the temporary folder would not be among their grants. */
export function realTempFolder(): string {
  return realpathSync(tmpdir());
}

function openSupervisor(
  options: WorkerHostOptions,
  { programs, system, namespace }: WorkerPlanner & { readonly namespace: NamespaceTier },
  tempParent: string,
  listener: { readonly current: SupervisorListener | null },
): Promise<Supervisor> {
  const { config, log, metrics, clock, capabilities, cgroups, alterPlan = (plan) => plan } = options;
  return Supervisor.open({
    listener: {
      workerReady: (worker) => listener.current?.workerReady(worker),
      workerGone: (worker) => listener.current?.workerGone(worker),
    },
    // No variable of ours reaches the launcher, and so none the worker.
    launcher: { ...programs.launcher, env: {} },
    namespaceLauncher: () => (namespace.found?.way ? namespace.found.launcher : null),
    spareLaunchers: config.spareLaunchers,
    planLaunch: (spec: WorkerSpec, place: LaunchPlace): LaunchPlan =>
      alterPlan(
        planLaunch({
          policy: spec.sandbox,
          capabilities,
          system,
          command: { file: spec.command.file, args: withTempDir(spec.command.args, place.tempDir) },
          ...place,
          hostEnv: config.workerEnvironment,
          identity: config.workerUser,
          namespaceWay: namespace.found?.way ?? null,
        }),
        spec,
      ),
    workerUser: config.workerUser,
    cgroups,
    peerPid,
    sockets: {
      baseDir: config.sockets.baseDir,
      runtimes: runtimeNames.filter((name) => config.adapters.get(name)?.available === true),
      paths: config.sockets.paths,
    },
    tempParent,
    clock,
    log,
    metrics,
  });
}
