// The search of folders and file names that are routes by themselves, with the manifests, home aliases and identity
// folders met on the way. Source: contract/routing.md 1, 2, 4, 5.

import { defaultEntries, entryFor, isShadowedEntry, isSingleEntry } from './entry-file.ts';
import { claimFile, isAllowed } from './file-claim.ts';
import { parseFileName, parseSegment, runtimeOfFile } from './file-name.ts';
import { type Folder, fileAt, folderAt, joinPath } from './folder.ts';
import { findIdentity, type NamedFunction } from './named-function.ts';
import { type Claim, type Plan, searchDepth } from './plan.ts';
import { parseRoutePattern } from './route-pattern.ts';
import { versionFolders } from './version-folder.ts';

/** How a folder is looked at; inherited by its sub-folders. */
export interface FolderMode {
  /** Segments of the folder's own route. */
  readonly prefix: readonly string[];
  /** Only files that say so by their name are routes (contract/routing.md 2.2). */
  readonly mixed: boolean;
  /** A config may make a folder a named function; not inside the runtime-grouped layout. */
  readonly mayBeNamed: boolean;
  /** Deepest folder to search, as a depth from the root. */
  readonly deepest: number;
  /** Folders that are functions already: not entered, or entered for their sub-routes only. */
  readonly closed: ReadonlySet<Folder>;
  /** Named functions found; registered later, in their own order. */
  readonly found: NamedFunction[];
}

export function planFolder(plan: Plan, folder: Folder, mode: FolderMode): void {
  claimManifest(plan, folder);
  const identity = mode.mayBeNamed ? findIdentity(plan, folder) : null;
  if (identity === 'closed' && folder.parent !== null) return;
  const named = identity === 'closed' ? null : identity;
  if (named?.entry) mode.found.push(named);
  const single = isSingleEntry(folder);
  const inner = {
    ...mode,
    prefix: named?.prefix ?? mode.prefix,
    mixed: mode.mixed || single,
  };
  if (single && named === null) nameVersions(plan, folder);
  if (identity === null) warnSeveralEntries(plan, folder);
  if (identity !== 'closed') claimFiles(plan, folder, inner, named !== null);
  planChildren(plan, folder, inner, named);
}

/** @param isFunction the folder's own route is a named function's: its default file is not claimed a second time */
export function claimFiles(plan: Plan, folder: Folder, mode: FolderMode, isFunction: boolean): void {
  const before = plan.claims.length;
  for (const file of folder.files) claimFile(plan, folder, file, mode, isFunction);
  claimHomeAlias(plan, folder, mode.prefix, plan.claims.slice(before));
}

export function planChildren(
  plan: Plan,
  folder: Folder,
  mode: FolderMode,
  named: NamedFunction | null,
): void {
  const closed = closedTo(folder, mode.closed);
  const versions = new Set(named?.versions.map((version) => version.folder));
  for (const child of folder.folders) {
    if (closed.has(child) || !isOpen(plan, child, mode.deepest)) continue;
    const segment = parseSegment(child.name);
    if (segment.kind === 'bad') {
      plan.warn(segment.code, child.path, badFolderText[segment.code]);
      continue;
    }
    const own = segment.kind === 'dropped' ? [] : [segment.text];
    // A version may carry a config of its own; that makes it no second function.
    const mayBeNamed = mode.mayBeNamed && !versions.has(child);
    planFolder(plan, child, { ...mode, closed, mayBeNamed, prefix: [...mode.prefix, ...own] });
  }
}

const badFolderText = {
  bad_parameter: 'not searched: a parameter is [name], [...name] or [[...name]] with letters, digits and _',
  empty_segment: 'not searched: nothing of its name can stand in a path; use letters and digits',
} as const;

function isOpen(plan: Plan, folder: Folder, deepest: number): boolean {
  if (folder.name.startsWith('_') && holdsHandler(folder)) {
    plan.note(
      'private_file',
      folder.path,
      'private with all its content: its name starts with an underscore',
    );
  }
  if (plan.isIgnored(folder.name)) return false;
  if (folder.depth <= deepest) return true;
  if (holdsHandler(folder)) {
    plan.warn('too_deep', folder.path, `not searched: more than ${searchDepth} folders deep`);
  }
  return false;
}

function holdsHandler(folder: Folder): boolean {
  return (
    folder.files.some(({ name }) => parseFileName(name).kind === 'route') || folder.folders.some(holdsHandler)
  );
}

/** Static files are served as they are, never searched for functions (contract/assets-home-openapi.md A1). */
function closedTo(folder: Folder, closed: ReadonlySet<Folder>): ReadonlySet<Folder> {
  const directory = folder.config?.assets?.directory ?? null;
  const assets = directory === null ? null : folderAt(folder, directory);
  return assets === null ? closed : new Set([...closed, assets]);
}

function claimManifest(plan: Plan, folder: Folder): void {
  const source = joinPath(folder, 'fn.routes.json');
  for (const entry of folder.manifest?.entries ?? []) {
    const target = fileAt(folder, entry.target);
    const runtime = runtimeOfFile(entry.target);
    if (target === null || runtime === null) {
      plan.warn('missing_target', source, `${entry.key}: there is no handler file ${entry.target}`);
    } else if (isAllowed(plan, runtime, source)) {
      const draft = plan.fileDraft({ ...target, runtime });
      plan.claim(draft, { pattern: entry.pattern, methods: entry.methods, rank: 2, source });
    }
  }
}

/** `/hello@v2` for `hello/v2/handler.js` beside `hello/handler.js`. */
function nameVersions(plan: Plan, folder: Folder): void {
  if (folder.parent === null) return;
  for (const child of versionFolders(plan, folder)) {
    for (const runtime of plan.options.runtimes) {
      const entry = entryFor(child, runtime);
      if (entry === null) continue;
      const draft = plan.fileDraft(entry, { name: folder.path, version: child.name });
      plan.addVersion(folder.path, child.name, draft);
    }
  }
}

function warnSeveralEntries(plan: Plan, folder: Folder): void {
  const entries = defaultEntries(folder).filter((entry) => !isShadowedEntry(folder, entry.file.name));
  if (entries.length < 2) return;
  const names = entries.map((entry) => entry.file.name).join(', ');
  plan.warn('several_entry_files', folder.path, `several files claim the folder's own route: ${names}`);
}

/** `portal/fn.config.json {"home":"dashboard"}` makes `/portal` another name of `/portal/dashboard`. */
function claimHomeAlias(plan: Plan, folder: Folder, prefix: readonly string[], own: readonly Claim[]): void {
  const home = folder.config?.home.function ?? null;
  if (home === null || folder.parent === null || prefix.length === 0) return;
  const base = `/${prefix.join('/')}`;
  const [path = ''] = home.split('?');
  const target = parseRoutePattern(path.startsWith('/') ? path : `${base}/${path}`);
  const source = joinPath(folder, 'fn.config.json');
  const targets = target.kind === 'ok' ? own.filter((claim) => claim.pattern === target.pattern) : [];
  if (targets.length === 0)
    plan.warn('home_unresolved', source, `home: no file of this folder has the route ${home}`);
  if (own.some((claim) => claim.pattern === base)) return;
  for (const { draft, methods } of targets) plan.claim(draft, { pattern: base, methods, rank: 1, source });
}
