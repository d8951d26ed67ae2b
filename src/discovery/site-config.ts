// What one `fn.config.json` says of `/` and of static files (contract/assets-home-openapi.md A1, B). Everywhere but in the root
// folder `home` is only another name for a folder, and `assets` only keeps a folder from being searched.

import { type Complain, foundText, isObject, textOf } from './checked-document.ts';
import { isSafeName } from './safe-name.ts';

type Json = Readonly<Record<string, unknown>>;

export interface HomeConfig {
  /** Local target as written. */
  readonly function: string | null;
  readonly redirect: string | null;
}

export interface AssetsConfig {
  /** Relative folder that holds the files. */
  readonly directory: string;
  /** Navigation that finds nothing gets `index.html`. */
  readonly isSpa: boolean;
  readonly workerFirst: boolean;
}

const functionKeys = ['function', 'route', 'path', 'target', 'home-route', 'home_route'] as const;
const redirectKeys = ['redirect', 'url', 'location'] as const;

/** The first block that says anything, in the contract's order. */
export function readHome(value: Json, invoke: Json): HomeConfig {
  for (const home of [value['home'], invoke['home'], invoke['home-route'], invoke['home_route']]) {
    const found = homeIn(home);
    if (found.function !== null || found.redirect !== null) return found;
  }
  return { function: null, redirect: null };
}

function homeIn(home: unknown): HomeConfig {
  if (!isObject(home)) return { function: textOf(home), redirect: null };
  const first = (keys: readonly string[]): string | null =>
    keys.map((key) => textOf(home[key])).find((text) => text !== null) ?? null;
  return { function: first(functionKeys), redirect: first(redirectKeys) };
}

/** null where no files are to be served, also because of a value nobody can read. */
export function readAssets(value: Json, complain: Complain): AssetsConfig | null {
  const assets = value['assets'];
  if (!isObject(assets)) return null;
  const handling = textOf(assets['not_found_handling'])?.toLowerCase() ?? '404';
  if (!['404', 'single-page-application', 'spa'].includes(handling)) {
    complain(['assets', 'not_found_handling'], foundText(handling), '404 or single-page-application');
    return null;
  }
  const directory = textOf(assets['directory']);
  if (directory === null) return null;
  if (!isSafeName(directory)) {
    complain(['assets', 'directory'], foundText(directory), "a relative folder without '.' and '..'");
    return null;
  }
  return { directory, isSpa: handling !== '404', workerFirst: assets['run_worker_first'] === true };
}
