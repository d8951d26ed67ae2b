// From one function version and the operator's configuration to what the supervisor starts: grants, command line and
// the `load` message. Pure: the only place that knows both a function and a process.

import { realpathSync } from 'node:fs';
import { join } from 'node:path';
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

/** @throws Error where the runtime has no adapter: the edge answers 503 before it comes to this. */
export function planWorker(
  planner: WorkerPlanner,
  unit: FunctionUnit,
  poolKey: string,
  env: Readonly<Record<string, string>>,
): WorkerSpec {
  const adapter = planner.config.adapters.get(unit.runtime);
  if (adapter === undefined || !adapter.available)
    throw new Error(`cannot run ${unit.runtime} functions on this host`);
  const sandbox = sandboxPolicyOf(planner, unit, adapter);
  const spec: WorkerSpec = {
    poolKey,
    functionKey: unit.key,
    runtime: unit.runtime,
    command: commandOf(planner, adapter, sandbox),
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
      dependencies: [],
      context: planEventContext(unit, process.pid),
      maxOutputBytes: sandbox.limits.outputBytes,
      streamBody: unit.policy.bodyMode === 'stream',
    },
  };
  return Object.freeze(spec);
}

function sandboxPolicyOf(planner: WorkerPlanner, unit: FunctionUnit, adapter: RuntimeAdapter): SandboxPolicy {
  const { config, programs } = planner;
  const allowed = config.strictFs.allow;
  const paths = (write: boolean) =>
    allowed.filter((entry) => entry.write === write).map((entry) => entry.path);
  const language = adapter.nodeHosted
    ? nodeProgramOf(planner, adapter).readable
    : [...adapter.readable, join(programs.runtimesDir, unit.runtime)];
  const strict = config.strictFs.enabled && unit.policy.strictFs;
  const sealed = adapter.sealed && strict;
  return Object.freeze({
    strict,
    files: Object.freeze({
      read: [...unit.readable, ...language, ...(sealed ? [] : paths(false))],
      list: unit.listable,
      write: sealed ? [] : paths(true),
      execute: [interpreterOf(planner, adapter)],
    }),
    network: sealed ? closedNetwork : unit.policy.sandbox.network,
    limits: unit.policy.limits,
  });
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
  adapter: RuntimeAdapter,
  sandbox: SandboxPolicy,
): WorkerSpec['command'] {
  const file = interpreterOf(planner, adapter);
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
