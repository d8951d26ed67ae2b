// Loads the configuration for a command and tells people what is wrong with it.

import { type ConfigFault, faultText } from '../config/config-fault.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Mode } from '../config/option.ts';
import { type CliContext, CommandFailure, exitStatus } from './cli-context.ts';

export interface ConfigRequest {
  readonly mode: Mode;
  /** The command's `[dir]`. */
  readonly argument?: string | undefined;
  /** All flags, `config` among them. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Everything, faults included; for `check` and `doctor`. */
export async function loadForInspection(context: CliContext, request: ConfigRequest): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load-config.ts');
  const { hostSources } = await import('../config/process-sources.ts');
  const { config, ...flags } = request.flags;
  return loadConfig({
    ...hostSources(context, context.layout.node),
    mode: request.mode,
    argument: request.argument,
    configFile: typeof config === 'string' ? config : undefined,
    flags,
  });
}

/** A configuration that is fit to use; prints every warning, or every fault and then throws CommandFailure (status 2). */
export async function loadOrFail(context: CliContext, request: ConfigRequest): Promise<GatewayConfig> {
  const loaded = await loadForInspection(context, request);
  const faults = 'config' in loaded ? loaded.config.faults : loaded.faults;
  printFaults(context, faults);
  if ('config' in loaded) return loaded.config;
  const count = faults.filter((fault) => fault.severity === 'error').length;
  throw new CommandFailure(
    `cannot start: ${count} configuration fault${count === 1 ? '' : 's'}`,
    exitStatus.usage,
  );
}

export function printFaults(context: CliContext, faults: readonly ConfigFault[]): void {
  for (const fault of faults) {
    context.printError(
      fault.severity === 'warning' ? `Warning: ${faultText(fault)}` : `Error: ${faultText(fault)}`,
    );
  }
}
