// Named functions: what they are called, where they run, and which routes and versions they have. Found either through an
// identity config or in the runtime-grouped layout. Source: contract/routing.md 3, 5.

import type { RuntimeName } from '../policy/runtime-name.ts';
import { type Entry, entryFor, guessRuntime, isSingleEntry } from './entry-file.ts';
import { parseSegment } from './file-name.ts';
import { type Folder, joinPath } from './folder.ts';
import { namedMethods, type Plan } from './plan.ts';
import { versionFolders } from './version-folder.ts';

export interface NamedFunction {
  readonly runtime: RuntimeName;
  readonly name: string;
  readonly folder: Folder;
  /** null: only versions, no default; or an entry that the runtime cannot run. */
  readonly entry: Entry | null;
  readonly versions: readonly { readonly folder: Folder; readonly entry: Entry }[];
  /** Segments of its base route. */
  readonly prefix: readonly string[];
}

/**
 * What the folder's config makes of it outside a runtime folder.
 * @returns null: no named function. `closed`: it claims to be one but has nothing to run; neither routed nor searched.
 */
export function findIdentity(plan: Plan, folder: Folder): NamedFunction | 'closed' | null {
  const identity = folder.config?.identity ?? null;
  if (identity === null) return null;
  const source = joinPath(folder, 'fn.config.json');
  if (!isSingleEntry(folder)) {
    plan.warn(
      'identity_without_entry',
      source,
      'names a function, but the folder has no entry file; its files are not routed',
    );
    return 'closed';
  }
  warnMissingEntrypoint(plan, folder);
  const runtime = identity.runtime ?? guessRuntime(folder) ?? 'node';
  const name = identity.name ?? (folder.path === '' ? plan.options.rootName : folder.path);
  const shadow = groupedFolder(folder, runtime, name);
  if (shadow !== null) {
    plan.warn(
      'duplicate_function',
      source,
      `${runtime} function ${name} is not served: ${shadow.path} has that name`,
    );
    return { runtime, name, folder, entry: null, versions: [], prefix: nameSegments(folder.path) };
  }
  const found = describe(plan, folder, runtime, name);
  if (found.entry === null) warnWrongRuntime(plan, folder, runtime);
  else if (!plan.isEnabled(runtime)) {
    plan.note('runtime_disabled', source, `not routed: the runtime ${runtime} is not enabled`);
    return { ...found, entry: null };
  }
  return found;
}

/** The folder of the runtime-grouped layout that has the same name, if it is another one. */
function groupedFolder(folder: Folder, runtime: RuntimeName, name: string): Folder | null {
  let at: Folder | undefined = folder;
  while (at.parent !== null) at = at.parent;
  for (const part of [runtime, ...name.split('/')]) at = at?.folders.find((child) => child.name === part);
  return at === undefined || at === folder ? null : at;
}

/** Gathers what there is to know of a named function in this folder. */
export function describe(plan: Plan, folder: Folder, runtime: RuntimeName, name: string): NamedFunction {
  const versions: { folder: Folder; entry: Entry }[] = [];
  for (const child of versionFolders(plan, folder)) {
    const entry = entryFor(child, runtime);
    if (entry === null) warnWrongRuntime(plan, child, runtime);
    else versions.push({ folder: child, entry });
  }
  return { runtime, name, folder, entry: entryFor(folder, runtime), versions, prefix: nameSegments(name) };
}

export function warnWrongRuntime(plan: Plan, folder: Folder, runtime: RuntimeName): void {
  plan.warn('wrong_runtime_entry', folder.path, `not served: it has no entry file for ${runtime}`);
}

function warnMissingEntrypoint(plan: Plan, folder: Folder): void {
  const wanted = folder.config?.entrypoint ?? null;
  const runtime = guessRuntime(folder);
  const used = runtime === null ? null : entryFor(folder, runtime);
  if (wanted === null || used === null) return;
  const path = joinPath(folder, wanted.replace(/^(?:\.\/)+/, ''));
  if (joinPath(used.folder, used.file.name) === path) return;
  plan.warn(
    'missing_entrypoint',
    joinPath(folder, 'fn.config.json'),
    `entrypoint ${wanted} is not a handler file of this folder; ${used.file.name} is used`,
  );
}

/** A name as route segments; a part that means nothing in a route stands as it is. */
function nameSegments(name: string): string[] {
  return name.split('/').map((part) => {
    const segment = parseSegment(part);
    return segment.kind === 'segment' || segment.kind === 'optional' ? segment.text : part;
  });
}

/** Claims the routes of the function and of its versions. */
export function registerNamed(plan: Plan, found: NamedFunction, taken: Set<string>): void {
  const id = `${found.runtime}/${found.name}`;
  const free = !taken.has(id);
  if (!free) {
    plan.warn(
      'duplicate_function',
      found.folder.path,
      `there are two ${found.runtime} functions called ${found.name}`,
    );
  }
  taken.add(id);
  const name = free ? found.name : found.folder.path;
  const config = found.folder.config;
  const patches = config === null ? [] : [config.policy];
  const common = { kind: 'named', name, explicitMethods: new Set<never>() } as const;
  if (found.entry !== null) {
    const draft = {
      ...common,
      entry: found.entry,
      home: found.folder,
      version: 'default',
      patches,
      own: config,
    };
    claimDefaults(plan, found, plan.addNamed(draft));
  }
  for (const { folder, entry } of found.versions) {
    const own = folder.config;
    const versionPatches = own === null ? patches : [own.policy, ...patches];
    const draft = { ...common, entry, home: folder, version: folder.name, patches: versionPatches, own };
    plan.addNamed(draft);
    if (free) plan.addVersion(name, folder.name, draft);
    const source = joinPath(folder, 'fn.config.json');
    for (const pattern of own?.routes ?? []) {
      const methods = namedMethods(versionPatches);
      plan.claim(draft, { pattern, methods, rank: 3, forced: plan.options.forceUrl, source });
    }
  }
}

function claimDefaults(plan: Plan, found: NamedFunction, draft: Parameters<Plan['claim']>[0]): void {
  const config = found.folder.config;
  const declared = config?.routes ?? [];
  const base = `/${found.prefix.join('/')}`;
  const entryPath = joinPath(draft.entry.folder, draft.entry.file.name);
  const source = declared.length > 0 ? joinPath(found.folder, 'fn.config.json') : entryPath;
  const forced = plan.options.forceUrl || config?.forced === true;
  for (const pattern of declared.length > 0 ? declared : [base, `${base}/*`]) {
    plan.claim(draft, { pattern, methods: namedMethods(draft.patches), rank: 3, forced, source });
  }
}
