// Which folder the functions are in, and that it is one.

import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigFault } from './config-fault.ts';
import type { Mode } from './option.ts';
import { functionOptions } from './options/function-options.ts';
import type { Settings } from './settings.ts';

export interface RootRequest {
  readonly mode: Mode;
  /** The command's argument. */
  readonly argument: string | undefined;
  readonly cwd: string;
  /** Folder of fastfn.json, where its relative paths start. */
  readonly fileDir: string;
}

export type FunctionsRoot =
  | { readonly path: string; readonly fault: null }
  /** `path` is as far as it could be resolved. */
  | { readonly path: string; readonly fault: ConfigFault };

/** Argument > fastfn.json > FN_FUNCTIONS_ROOT > the current folder. Links are resolved: the jail refuses them later. */
export function findFunctionsRoot(settings: Settings, request: RootRequest): FunctionsRoot {
  const option = functionOptions.functionsDir;
  if (request.argument !== undefined && request.argument !== '') {
    return checkRoot(resolve(request.cwd, request.argument), request.mode, 'arguments', 'dir');
  }
  const fromFile = settings.fromFile(option);
  if (fromFile !== null) {
    const { file, name } = fromFile.origin;
    return checkRoot(resolve(request.fileDir, settings.readFrom(option, fromFile)), request.mode, file, name);
  }
  const given = settings.fromEnvironment(option);
  return checkRoot(
    resolve(request.cwd, settings.readFrom(option, given)),
    request.mode,
    'environment',
    'FN_FUNCTIONS_ROOT',
  );
}

function checkRoot(path: string, mode: Mode, file: string, key: string): FunctionsRoot {
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return { path: real, fault: null };
  } catch {
    // ENOENT, EACCES, ENOTDIR: all mean that it cannot be served, and the path tells which.
  }
  const words = mode === 'dev' ? 'Invalid functions directory' : 'Directory not found';
  const message = `${words}: ${path}`;
  return {
    path,
    fault: { file, key, found: message, accepted: 'an existing folder', severity: 'error', message },
  };
}
