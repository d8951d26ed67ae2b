// From one function version and the operator's configuration to what the supervisor starts: grants, command line and
// the `load` message. Pure: the only place that knows both a function and a process.

import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact } from '../build/build-plan.ts';
import type { GatewayConfig, RuntimeAdapter } from '../config/gateway-config.ts';
import type { NodeProgram, ProgramFiles } from '../config/program-files.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { planEventContext } from '../invocation/event.ts';
import { closedNetwork } from '../policy/network-grants.ts';
import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import { nodePermissionFlags, sealedPermissionFlags } from '../sandbox/language-guard.ts';
import type { SystemGrants } from '../sandbox/system-grants.ts';
import type { WorkerSpec } from '../supervisor/worker-spec.ts';

const bytesPerMb = 1_048_576;

export interface WorkerPlanner {
  readonly config: GatewayConfig;
  readonly programs: ProgramFiles;
  readonly system: SystemGrants;
}

/**
 * @param artifact what was built for the function: its packages, or the program itself
 * @throws Error where the runtime has no adapter: the edge answers 503 before it comes to this.
 */
export function planWorker(
  planner: WorkerPlanner,
  unit: FunctionUnit,
  poolKey: string,
  env: Readonly<Record<string, string>>,
  artifact: Artifact | null = null,
): WorkerSpec {
  const adapter = planner.config.adapters.get(unit.runtime);
  if (adapter === undefined || !adapter.available)
    throw new Error(`cannot run ${unit.runtime} functions on this host`);
  const program = programOf(planner, adapter, artifact);
  const sandbox = sandboxPolicyOf(planner, unit, program, artifact);
  const spec: WorkerSpec = {
    poolKey,
    functionKey: unit.key,
    runtime: unit.runtime,
    command: commandOf(planner, program, sandbox),
    sandbox,
    load: {
      type: 'load',
      protocol: 1,
      function: unit.name,
      version: unit.version,
      entry: unit.entry,
      root: unit.dir,
      handler: unit.policy.handler,
      adapter: unit.policy.adapter,
      env,
      strict: sandbox.strict,
      readable: sandbox.files.read,
      writable: sandbox.files.write,
      dependencies: artifact?.importPaths ?? [],
      context: planEventContext(unit, process.pid),
      maxOutputBytes: sandbox.limits.outputBytes,
      streamBody: unit.policy.bodyMode === 'stream',
    },
  };
  return Object.freeze(spec);
}

/** What becomes the worker process. */
interface Program {
  readonly adapter: RuntimeAdapter;
  /** Absolute and without links. */
  readonly file: string;
  /** Whether the function itself was compiled into it: no interpreter, no worker program of ours beside it. */
  readonly isCompiled: boolean;
}

function programOf(planner: WorkerPlanner, adapter: RuntimeAdapter, artifact: Artifact | null): Program {
  const compiled = artifact?.program ?? null;
  const file = compiled ?? interpreterOf(planner, adapter);
  return { adapter, file, isCompiled: compiled !== null };
}

function sandboxPolicyOf(
  planner: WorkerPlanner,
  unit: FunctionUnit,
  { adapter, file, isCompiled }: Program,
  artifact: Artifact | null,
): SandboxPolicy {
  const { config } = planner;
  const allowed = config.strictFs.allow;
  const paths = (write: boolean) =>
    allowed.filter((entry) => entry.write === write).map((entry) => entry.path);
  const language = isCompiled ? [] : languageFiles(planner, adapter);
  const packages = artifact?.importPaths ?? [];
  const strict = config.strictFs.enabled && unit.policy.strictFs;
  const sealed = adapter.sealed && strict;
  return Object.freeze({
    strict,
    files: Object.freeze({
      read: [...unit.readable, ...language, ...packages, ...(sealed ? [] : paths(false))],
      list: unit.listable,
      write: sealed ? [] : paths(true),
      execute: [file],
    }),
    network: sealed ? closedNetwork : unit.policy.sandbox.network,
    namespace: strict && unit.policy.sandbox.namespace,
    limits: unit.policy.limits,
  });
}

function languageFiles(planner: WorkerPlanner, adapter: RuntimeAdapter): readonly string[] {
  return adapter.nodeHosted
    ? nodeProgramOf(planner, adapter).readable
    : [...adapter.readable, join(planner.programs.runtimesDir, adapter.name)];
}

/** The kernel opens the real file: a link's name would not be found among the grants. */
function interpreterOf(planner: WorkerPlanner, adapter: RuntimeAdapter): string {
  return realpathSync(
    adapter.nodeHosted ? nodeProgramOf(planner, adapter).command([]).file : adapter.interpreter,
  );
}

function nodeProgramOf({ programs }: WorkerPlanner, { name }: RuntimeAdapter): NodeProgram {
  const program = programs.nodePrograms.get(name);
  if (program === undefined) throw new Error(`cannot find the worker program for ${name}`);
  return program;
}

function commandOf(
  planner: WorkerPlanner,
  { adapter, file, isCompiled }: Program,
  sandbox: SandboxPolicy,
): WorkerSpec['command'] {
  if (isCompiled) return { file, args: [] };
  if (adapter.nodeHosted) {
    const memoryMb = Math.floor(sandbox.limits.memoryBytes / bytesPerMb);
    const permissions = adapter.sealed
      ? sealedPermissionFlags(sandbox)
      : nodePermissionFlags(sandbox, planner.system);
    // V8 would else let garbage grow with the host's memory, and an honest function over its limit.
    const flags = [`--max-old-space-size=${memoryMb}`, ...permissions];
    // A language inside Node's process holds its own memory to the limit, of which V8 knows nothing.
    const { args } = nodeProgramOf(planner, adapter).command(flags, [String(memoryMb)]);
    return { file, args };
  }
  const guards = sandbox.strict ? adapter.strictArgs : [];
  return {
    file,
    args: [...adapter.interpreterArgs, ...guards, join(planner.programs.runtimesDir, adapter.program)],
  };
}
