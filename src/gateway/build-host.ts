// Brings builds together with what carries them out: the supervisor's command runner, the sandbox of this host, the tools
// that configuration finds. The service itself knows none of them.

import type { BuildPlanner, BuildTools, ToolState, ToolVariable } from '../build/build-planner.ts';
import { BuildService } from '../build/build-service.ts';
import { planners as allPlanners } from '../build/planners.ts';
import type { StepRunner } from '../build/step-runner.ts';
import type { Clock } from '../clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { processEnvironment } from '../config/process-sources.ts';
import type { ProgramFiles } from '../config/program-files.ts';
import { type HostProgram, runtimeRows } from '../config/runtime-rows.ts';
import { probe } from '../config/runtimes.ts';
import { Redactor } from '../invocation/redaction.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { Capabilities } from '../sandbox/capabilities.ts';
import { planCommand } from '../sandbox/command-plan.ts';
import { loadSystemPrograms, type SystemGrants } from '../sandbox/system-grants.ts';
import type { WorkerCgroups } from '../supervisor/cgroup.ts';
import { CommandRunner } from '../supervisor/command-runner.ts';
import { endProcessesOf } from '../supervisor/left-over-processes.ts';
import { exceededLimit, removeTree } from '../supervisor/untrusted-tree.ts';

export interface BuildHostOptions {
  readonly config: GatewayConfig;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly capabilities: Capabilities;
  readonly cgroups: WorkerCgroups | null;
  readonly programs: ProgramFiles;
  readonly system: SystemGrants;
  /** Keys of artifacts that serve. */
  readonly inUse: () => ReadonlySet<string>;
  /** Default: those of the product. */
  readonly planners?: Readonly<Record<RuntimeName, BuildPlanner | null>> | undefined;
}

export interface Builds {
  readonly service: BuildService;
  /** Every process of every step that runs. */
  pids(): readonly number[];
}

export function openBuilds(options: BuildHostOptions, building: AsyncDisposableStack): Builds {
  const { config, clock, log, metrics, cgroups, programs } = options;
  // No variable of ours reaches the launcher, and so none the build.
  const runner = new CommandRunner({ launcher: { ...programs.launcher, env: {} }, cgroups, clock, log });
  const service = new BuildService({
    planners: options.planners ?? allPlanners,
    tools: toolsOf(config, programs),
    stateDir: config.stateDir,
    run: stepRunner(runner, options),
    host: {
      strict: config.strictFs.enabled,
      limits: config.build.limits,
      programs: loadSystemPrograms(),
      environment: config.workerEnvironment,
    },
    owner: config.workerUser,
    care: {
      removeTree,
      clear: (path) => {
        endProcessesOf(path);
        return removeTree(path);
      },
      isLargerThan: async (path, bytes) =>
        (await exceededLimit(path, { bytes, entries: Number.MAX_SAFE_INTEGER })) !== null,
    },
    maskPaths: maskerOf(config),
    inUse: options.inUse,
    clock,
    log,
    metrics,
  });
  building.defer(() => runner.close());
  building.defer(() => service.close());
  return { service, pids: () => runner.pids() };
}

function stepRunner(
  runner: CommandRunner,
  { config, capabilities, system }: Pick<BuildHostOptions, 'config' | 'capabilities' | 'system'>,
): StepRunner {
  return (step, signal) => {
    const { name, policy, folders, timeoutMs, file, args, env, ownDir, workingDir } = step;
    const plan = planCommand({
      ...{ policy, capabilities, system, file, args, env, ownDir, workingDir },
      identity: config.workerUser,
    });
    return runner.run({ name, plan, limits: policy.limits, folders, timeoutMs }, signal);
  };
}

function maskerOf({ functionsRoot: root }: GatewayConfig): (text: string) => string {
  const redactor = new Redactor({ root, secrets: [] });
  return (text) => redactor.mask(text);
}

const programOf: Readonly<Record<ToolVariable, HostProgram | undefined>> = {
  FN_PYTHON_BIN: runtimeRows.python.host ?? undefined,
  FN_PHP_BIN: runtimeRows.php.host ?? undefined,
  FN_CARGO_BIN: runtimeRows.rust.host ?? undefined,
  FN_GO_BIN: runtimeRows.go.host ?? undefined,
  FN_NPM_BIN: runtimeRows.node.tools.find(({ variable }) => variable === 'FN_NPM_BIN'),
  FN_COMPOSER_BIN: runtimeRows.php.tools.find(({ variable }) => variable === 'FN_COMPOSER_BIN'),
};

function toolsOf(config: GatewayConfig, programs: ProgramFiles): Omit<BuildTools, 'cacheDir'> {
  const found = new Map<ToolVariable, ToolState>();
  return {
    settings: config.build,
    functionsRoot: config.functionsRoot,
    runtimesDir: programs.runtimesDir,
    find: async (variable) => {
      const known = found.get(variable);
      if (known !== undefined) return known;
      const state = await findTool(variable, config);
      // What is missing may be installed while we run.
      if (state.found) found.set(variable, state);
      return state;
    },
  };
}

async function findTool(variable: ToolVariable, { binaries = new Map() }: GatewayConfig): Promise<ToolState> {
  const program = programOf[variable];
  if (program === undefined) return { found: false, reason: 'not known to this version' };
  return probe(program, { overrides: binaries, environment: processEnvironment(), cwd: process.cwd() });
}
