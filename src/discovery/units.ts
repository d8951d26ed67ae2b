// From drafts to function units: key, policy, environment file, view of the tree and signature.

import { createHash } from 'node:crypto';
import { type FunctionPolicy, httpMethods } from '../policy/function-policy.ts';
import { unionOfMethods } from '../policy/methods.ts';
import { isConfined } from '../policy/network-grants.ts';
import { type PolicyDefaults, resolvePolicy } from '../policy/resolve-policy.ts';
import { defaultSandboxRules, type SandboxRules } from '../policy/sandbox-rules.ts';
import type { FunctionUnit } from './catalog.ts';
import { type Folder, joinPath, upwards } from './folder.ts';
import type { FunctionConfig } from './function-config.ts';
import type { Draft, Plan } from './plan.ts';
import type { TimeSlice } from './time-slice.ts';
import { ViewMaker } from './visible-files.ts';

export interface UnitOptions {
  /** Absolute. */
  readonly root: string;
  readonly defaults: Omit<PolicyDefaults, 'methods'>;
  readonly slice: TimeSlice;
}

/** Units by draft, named functions first; every key once. */
export async function makeUnits(plan: Plan, options: UnitOptions): Promise<Map<Draft, FunctionUnit>> {
  const drafts = plan.drafts();
  const views = new ViewMaker(entriesByFolder(drafts));
  const units = new Map<Draft, FunctionUnit>();
  const keys = new Set<string>();
  for (const draft of drafts) {
    const pause = options.slice.pause();
    if (pause !== null) await pause;
    const key = freeKey(draft, keys);
    keys.add(key);
    const unit = makeUnit(draft, key, views, options);
    units.set(draft, unit);
    warnSandbox(plan, draft, unit, options);
    checkBodyMode(plan, draft, unit);
  }
  return units;
}

function entriesByFolder(drafts: readonly Draft[]): Map<Folder, Set<string>> {
  const entries = new Map<Folder, Set<string>>();
  for (const { entry, home } of drafts) {
    entries.set(entry.folder, (entries.get(entry.folder) ?? new Set()).add(entry.file.name));
    // The folder of a function whose entry lies deeper belongs to it all the same.
    if (!entries.has(home)) entries.set(home, new Set());
  }
  return entries;
}

/** A path-neutral version, or a file called like a function, gives way to the named function of that key. */
function freeKey(draft: Draft, taken: ReadonlySet<string>): string {
  const { entry, name, version } = draft;
  const path = joinPath(entry.folder, entry.file.name);
  const candidates = [`${name}@${version}`, `${path}@${version}`, `./${path}@${version}`];
  const keys = candidates.map((candidate) => `${entry.runtime}/${candidate}`);
  return keys.find((key) => !taken.has(key)) ?? `${keys[0]}#${taken.size}`;
}

function makeUnit(draft: Draft, key: string, views: ViewMaker, options: UnitOptions): FunctionUnit {
  const { entry, home, own } = draft;
  const absolute = (path: string): string =>
    path === '' || path === '.' ? options.root : `${options.root}/${path}`;
  const defaults = {
    ...options.defaults,
    methods: draft.kind === 'named' ? (['GET'] as const) : httpMethods,
  };
  const resolved = resolvePolicy(draft.patches, own?.handler ?? {}, entry.runtime, defaults);
  const methods = unionOfMethods([resolved.methods, [...draft.explicitMethods]]);
  const policy = Object.freeze({ ...resolved, methods: Object.freeze(methods) });
  const view = views.viewOf({ folder: entry.folder, file: entry.file.name, home, runtime: entry.runtime });
  const envFolder = envFolderOf(draft);
  const signature = createHash('sha256')
    .update(`${view.stamp}\n${home.configStamp}\n${entry.folder.configStamp}\n${envFolder?.envStamp ?? ''}\n`)
    .update(JSON.stringify(policy))
    .digest('base64url');
  return Object.freeze({
    key,
    runtime: entry.runtime,
    name: draft.name,
    version: draft.version,
    dir: absolute(entry.folder.path),
    home: absolute(home.path),
    entry: absolute(joinPath(entry.folder, entry.file.name)),
    kind: draft.kind,
    policy,
    envFile: envFolder === null ? null : absolute(joinPath(envFolder, 'fn.env.json')),
    readable: Object.freeze(view.readable.map(absolute)),
    listable: Object.freeze(view.listable.map(absolute)),
    signature,
    ...describeInput(draft),
    ...refusalOf(draft, policy, options),
  });
}

/** The configs that speak of the draft's own handler, nearest first: a version adds to what its function says. */
function ownConfigs({ own, kind, version, home }: Draft): FunctionConfig[] {
  const outer = kind === 'named' && version !== 'default' ? (home.parent?.config ?? null) : null;
  return [own, outer].filter((config) => config !== null);
}

function describeInput(draft: Draft): Pick<FunctionUnit, 'input' | 'docs' | 'secrets'> {
  const configs = ownConfigs(draft).reverse();
  const input = Object.assign({}, ...configs.map((config) => config.input));
  const docs = Object.assign({}, ...configs.map((config) => config.docs));
  const secrets = [...new Set(configs.flatMap((config) => config.secrets))];
  return {
    ...(secrets.length === 0 ? {} : { secrets: Object.freeze(secrets) }),
    ...(Object.keys(input).length === 0 ? {} : { input: Object.freeze(input) }),
    ...(Object.keys(docs).length === 0 ? {} : { docs: Object.freeze(docs) }),
  };
}

/** A handler that nobody can call is not served, nor is one that the kernel cannot hold as its config demands. */
function refusalOf(
  draft: Draft,
  policy: FunctionPolicy,
  options: UnitOptions,
): Pick<FunctionUnit, 'refused' | 'refusedAs'> {
  if ((draft.own?.refused ?? null) !== null) return { refused: draft.own?.refused ?? null };
  const refused = ownConfigs(draft).find(({ inputRefused }) => inputRefused !== null)?.inputRefused;
  if (refused !== undefined) return { refused };
  if (policy.bodyMode === 'stream' && describeInput(draft).input?.body !== undefined)
    return { refused: 'schema.body needs invoke.body_mode buffer' };
  if (missingTier(policy, options) === null) return { refused: null };
  return { refused: 'sandbox unavailable', refusedAs: 'sandbox_unavailable' };
}

/** What of the sandbox that the function requires is not in force, and why; null when it has all of it. */
function missingTier(
  { sandbox, strictFs }: FunctionPolicy,
  { defaults }: Pick<UnitOptions, 'defaults'>,
): string | null {
  const { require, namespace } = sandbox;
  if (require === 'none') return null;
  const { kernelTier, namespaceUse, namespaceMissing } = rulesOf(defaults);
  if (!strictFs) return `asks for the ${require}, but strict_fs switches it off`;
  if (!kernelTier) return 'asks for the kernel, but this kernel does not have it';
  if (require === 'kernel' || namespace) return null;
  const reason = namespaceUse === 'off' ? 'FN_SANDBOX_NAMESPACE is off' : namespaceMissing;
  return `asks for the namespace, but ${reason ?? 'it is not in force'}`;
}

/** Next to the handler; for an `entrypoint` in a sub-folder also above it, up to the function's own folder. */
function envFolderOf(draft: Draft): Folder | null {
  for (const folder of upwards(draft.entry.folder)) {
    if (folder.envStamp !== null) return folder;
    if (folder === draft.home) return null;
  }
  return null;
}

/** What the file asks of its sandbox and does not get. */
function warnSandbox(plan: Plan, draft: Draft, unit: FunctionUnit, { defaults }: UnitOptions): void {
  const { strictFs, sandbox } = unit.policy;
  const source = joinPath(draft.home, 'fn.config.json');
  const { enabled, locked } = defaults.strictFs;
  if (enabled && strictFs && draft.own?.handler.strictFs === false) {
    const reason = locked ? 'the operator does not permit it' : 'nothing else holds it to its network';
    plan.warn('strict_fs_locked', source, `strict_fs: false is ignored: ${reason}`);
  }
  if (unit.refusedAs === 'sandbox_unavailable') {
    const missing = missingTier(unit.policy, { defaults }) ?? '';
    plan.warn('sandbox_unavailable', source, `not served: sandbox.require ${missing}`);
  } else if (isConfined(sandbox.network) && !(strictFs && rulesOf(defaults).kernelTier)) {
    plan.warn(
      'network_not_enforced',
      source,
      'its network is not limited: the kernel layers are not in force',
    );
  }
}

/** A handler whose language can only be given whole bodies gets them: what it asks for is a fault all the same. */
function checkBodyMode(plan: Plan, { own, home }: Draft, { runtime, policy, input }: FunctionUnit): void {
  if (policy.bodyMode === 'stream' && input?.body !== undefined) {
    plan.faults.push({
      file: joinPath(home, 'fn.config.json'),
      key: 'schema.body',
      found: 'a schema',
      accepted:
        'none beside invoke.body_mode "stream": what streams cannot be checked before it is handed on',
      severity: 'error',
    });
  }
  if (own?.handler.bodyMode !== 'stream' || policy.bodyMode === 'stream') return;
  const handler = policy.adapter === 'native' ? `a ${runtime} handler` : `the ${policy.adapter} adapter`;
  plan.faults.push({
    file: joinPath(home, 'fn.config.json'),
    key: 'invoke.body_mode',
    found: '"stream"',
    accepted: `"buffer": ${handler} is given whole bodies; native Node and Python handlers can read streams`,
    severity: 'error',
  });
}

function rulesOf({ sandbox }: UnitOptions['defaults']): SandboxRules {
  return sandbox ?? defaultSandboxRules;
}
