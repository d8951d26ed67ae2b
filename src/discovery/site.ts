// What the root folder's config says beside functions: the folder of static files and what answers for `/`, resolved and
// checked at scan time, so that no request finds out (contract/assets-home-openapi.md A1, B).

import { realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  type HomeTarget,
  noHome,
  type ParsedTarget,
  parseLocalTarget,
  parseRedirectTarget,
} from '../policy/home-target.ts';
import type { AssetsPlan, DiscoveryWarning } from './catalog.ts';
import type { Folder } from './folder.ts';
import type { AssetsConfig, HomeConfig } from './site-config.ts';

export interface Site {
  readonly assets: AssetsPlan | null;
  readonly home: HomeTarget;
  readonly warnings: readonly DiscoveryWarning[];
}

const noSite: Site = Object.freeze({ assets: null, home: noHome, warnings: Object.freeze([]) });

const source = 'fn.config.json';

/** @param place absolute paths: the functions root, and the folder of the gateway's own state */
export function planSite(root: Folder, place: { readonly root: string; readonly stateDir: string }): Site {
  const { config } = root;
  if (config === null) return noSite;
  const warnings: DiscoveryWarning[] = [];
  const warn = (code: string, message: string): void => {
    warnings.push({ code, file: source, message });
  };
  const assets = config.assets === null ? null : resolveAssets(config.assets, place, warn);
  return { assets, home: resolveHome(config.home, warn), warnings };
}

type Warn = (code: string, message: string) => void;

function resolveAssets(
  config: AssetsConfig,
  place: { readonly root: string; readonly stateDir: string },
  warn: Warn,
): AssetsPlan | null {
  const directory = join(place.root, config.directory);
  const off = (reason: string): null => {
    warn('assets_off', `assets: no files are served from ${config.directory}: ${reason}`);
    return null;
  };
  try {
    if (!statSync(directory).isDirectory()) return off('it is no folder');
    const real = realpathSync(directory);
    // A link to the root or above it would make every source and config a file to download.
    if (isWithin(real, realpathSync(place.root))) return off('it holds the functions folder');
    if (isWithin(place.stateDir, real)) return off("it is the gateway's own");
  } catch {
    return off('there is no such folder');
  }
  const { isSpa, workerFirst } = config;
  return Object.freeze({ directory, isSpa, workerFirst });
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith('../'));
}

function resolveHome(config: HomeConfig, warn: Warn): HomeTarget {
  const usable = <T>(key: string, parsed: ParsedTarget<T> | null): T | null => {
    if (parsed?.kind === 'bad') warn('home_ignored', `${source} home.${key} ignored: ${parsed.reason}`);
    return parsed?.kind === 'ok' ? parsed.target : null;
  };
  return Object.freeze({
    function: usable('function', config.function === null ? null : parseLocalTarget(config.function)),
    redirect: usable('redirect', config.redirect === null ? null : parseRedirectTarget(config.redirect)),
  });
}

/** Path of the folder of files relative to the root when it lies in the tree, also by way of a link; else null. */
export function assetsInTree(assets: AssetsPlan | null, rootPath: string): string | null {
  if (assets === null) return null;
  try {
    const [root, real] = [realpathSync(rootPath), realpathSync(assets.directory)];
    return isWithin(root, real) ? relative(root, real) : null;
  } catch {
    return null;
  }
}
