// What the project has: its configuration, its functions folder and what discovery makes of it.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigFault, faultText } from '../../config/config-fault.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { complaintWarnings } from '../catalog-view.ts';
import type { CliContext } from '../cli-context.ts';
import type { Catalog, PastBuilds } from '../gateway-module.ts';
import type { Check } from './check.ts';

const defaultFile = 'fastfn.json';

/** `--fix`: gives a project without a configuration file a minimal one. Never touches a file that is there. */
export function fixChecks(context: CliContext, fix: boolean, explicit: boolean): readonly Check[] {
  const path = join(context.cwd, defaultFile);
  if (!fix || explicit || existsSync(path)) return [];
  const id = 'project.config.fix';
  try {
    writeFileSync(path, `${JSON.stringify({ 'functions-dir': '.' }, null, 2)}\n`, { flag: 'wx' });
    return [{ id, status: 'OK', message: `created ${defaultFile}`, details: { path } }];
  } catch (error) {
    return [{ id, status: 'FAIL', message: `cannot create ${defaultFile}: ${(error as Error).message}` }];
  }
}

/** Every fault of file, environment and flags, but the port's, which has a check of its own. */
export function configChecks(loaded: LoadedConfig, context: CliContext, explicit: boolean): readonly Check[] {
  const faults = faultsOf(loaded).filter((fault) => !isPortFault(fault) && !isRootFault(fault));
  const id = 'project.config';
  if (faults.length > 0) return faults.map((fault) => faultCheck(id, fault));
  if (explicit || existsSync(join(context.cwd, defaultFile))) {
    return [{ id, status: 'OK', message: 'configuration is valid' }];
  }
  const hint = 'fastfn doctor --fix creates one';
  return [{ id, status: 'WARN', message: `no ${defaultFile} found, defaults are used`, hint }];
}

export function faultsOf(loaded: LoadedConfig): readonly ConfigFault[] {
  return 'config' in loaded ? loaded.config.faults : loaded.faults;
}

export function isPortFault(fault: ConfigFault): boolean {
  return fault.severity === 'error' && (fault.key === 'FN_HOST_PORT' || fault.key === '--port');
}

function isRootFault(fault: ConfigFault): boolean {
  return fault.accepted === 'an existing folder';
}

function faultCheck(id: string, fault: ConfigFault): Check {
  const status = fault.severity === 'error' ? 'FAIL' : 'WARN';
  const key = fault.key === '' ? {} : { key: fault.key };
  return { id, status, message: faultText(fault), details: { file: fault.file, ...key } };
}

/** The folder, and what a scan of it says. Function faults are warnings: the others are served all the same. */
export async function functionChecks(loaded: LoadedConfig, context: CliContext): Promise<readonly Check[]> {
  const config = 'config' in loaded ? loaded.config : loaded.draft;
  if ('faults' in loaded && !loaded.hasRoot) {
    const message = `directory not found: ${config.functionsRoot}`;
    return [
      {
        id: 'project.functions_dir',
        status: 'FAIL',
        message,
        hint: 'name another folder, or create this one',
      },
      { id: 'project.discovery', status: 'WARN', message: 'nothing to scan' },
    ];
  }
  const folder: Check = { id: 'project.functions_dir', status: 'OK', message: config.functionsRoot };
  try {
    const { inspectFunctions, inspectBuilds } = await context.loadGateway();
    const catalog = await inspectFunctions(config, context.layout);
    return [folder, ...catalogChecks(catalog), ...buildChecks(await inspectBuilds(config, catalog))];
  } catch (error) {
    const message = `cannot scan: ${error instanceof Error ? error.message : String(error)}`;
    return [folder, { id: 'project.discovery', status: 'FAIL', message }];
  }
}

/** What the last gateway, or `fastfn deps`, could not install or compile. */
function buildChecks(builds: PastBuilds): readonly Check[] {
  const id = 'project.dependencies';
  const failed = [...builds].filter(([, { state }]) => state === 'failed');
  if (failed.length === 0) {
    const built = [...builds.values()].filter(({ state }) => state === 'built').length;
    return [{ id, status: 'OK', message: `${built} functions have what they need installed or compiled` }];
  }
  return failed.map(([key, { reason }]) => ({
    id,
    status: 'WARN',
    message: `${key}: ${reason ?? 'it could not be built'}`,
    hint: 'fastfn deps tries again and says what is wrong',
  }));
}

function catalogChecks(catalog: Catalog): readonly Check[] {
  const found = `${catalog.functions.size} functions, ${catalog.routes.length} routes`;
  const conflicts = catalog.conflicts.map(({ pattern, methods, claimants }) => ({
    route: pattern,
    methods,
    sources: claimants.map(({ source }) => source),
  }));
  const discovery: Check =
    conflicts.length === 0
      ? { id: 'project.discovery', status: 'OK', message: found }
      : {
          id: 'project.discovery',
          status: 'WARN',
          message: `${found}, ${conflicts.length} conflicts`,
          hint: 'a conflict answers 409: give the routes different paths or methods',
          details: { conflicts },
        };
  const warnings = complaintWarnings(catalog).map(
    ({ file, message }): Check => ({
      id: 'project.discovery',
      status: 'WARN',
      message: `${file}: ${message}`,
    }),
  );
  const faults = catalog.faults.map(
    (fault): Check => ({ ...faultCheck('project.functions', fault), status: 'WARN' }),
  );
  return [discovery, ...warnings, ...faults];
}
