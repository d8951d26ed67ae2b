// Merges a change into the object of a `fn.config.json`: what the change does not name stays as it is, key order and empty
// lists included; null takes a key away. Says in words what it will not do.

import { isObject } from '../discovery/checked-document.ts';
import { parseRoutePattern } from '../discovery/route-pattern.ts';
import { parseMethodList } from '../policy/methods.ts';
import { badRequest } from './bad-request.ts';

type Json = Readonly<Record<string, unknown>>;

/** What makes a function another one, or lets it out of what the operator holds it to, is no matter of a form. */
const fixedKeys = [
  'runtime',
  'name',
  'entrypoint',
  'version',
  'strict_fs',
  'force-url',
  'force_url',
  'forceUrl',
];
const fixedInvokeKeys = ['force-url', 'force_url', 'forceUrl'];
/** Blocks of which a change may name single keys; any other block is replaced as a whole. */
const mergedBlocks: readonly string[] = ['invoke', 'response'];
const flooredKeys: readonly string[] = ['timeout_ms', 'max_body_bytes', 'max_concurrency'];
const sharedDepsText = 'shared_deps entries must match ^[a-zA-Z0-9_-]+$';

/** @param patch fits `configPatchSchema`. @throws GatewayError bad_request */
export function editConfig(existing: Json, patch: Json): Json {
  refuseFixed(patch);
  const next = new Map(Object.entries(existing));
  for (const [key, value] of Object.entries(normalise(patch))) {
    if (mergedBlocks.includes(key) && isObject(value)) {
      const block = next.get(key);
      const merged = mergeBlock(isObject(block) ? block : {}, value);
      if (Object.keys(merged).length === 0) next.delete(key);
      else next.set(key, merged);
    } else if (value === null) next.delete(key);
    else next.set(key, flooredKeys.includes(key) ? Math.floor(Number(value)) : value);
  }
  return Object.fromEntries(next);
}

function mergeBlock(block: Json, changes: Json): Json {
  const next = new Map(Object.entries(block));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) next.delete(key);
    else next.set(key, value);
  }
  return Object.fromEntries(next);
}

function refuseFixed(patch: Json): void {
  const invoke = isObject(patch['invoke']) ? patch['invoke'] : {};
  const fixed =
    fixedKeys.find((key) => key in patch) ??
    fixedInvokeKeys.find((key) => key in invoke)?.replace(/^/, 'invoke.');
  if (fixed !== undefined) throw badRequest(`${fixed} cannot be changed here`);
}

/** The other spellings of a key become the one that the file uses. */
function normalise(patch: Json): Json {
  const { methods, routes, sharedDeps, deps, invoke, schedule, group, ...rest } = patch;
  const block = invokeBlock(methods, routes, isObject(invoke) ? invoke : {});
  const shared = rest['shared_deps'] ?? sharedDeps ?? deps;
  const hasShared = ['shared_deps', 'sharedDeps', 'deps'].some((key) => key in patch);
  checkSchedule(schedule);
  return {
    ...rest,
    ...('group' in patch
      ? { group: typeof group === 'string' && group.trim() !== '' ? group.trim() : null }
      : {}),
    ...(hasShared ? { shared_deps: sharedDepsOf(shared) } : {}),
    ...('schedule' in patch ? { schedule } : {}),
    ...(invoke === null ? { invoke: null } : {}),
    ...(Object.keys(block).length > 0 ? { invoke: block } : {}),
  };
}

function invokeBlock(methods: unknown, routes: unknown, invoke: Json): Json {
  const {
    methods: ownMethods = methods,
    route,
    routes: ownRoutes = route ?? routes,
    handler,
    ...rest
  } = invoke;
  return {
    ...rest,
    ...(ownMethods === undefined ? {} : { methods: methodsOf(ownMethods) }),
    // One list: `route` beside it would add to it.
    ...(ownRoutes === undefined ? {} : { routes: routesOf(ownRoutes), route: null }),
    ...(handler === undefined
      ? {}
      : { handler: typeof handler === 'string' && handler.trim() !== '' ? handler.trim() : null }),
  };
}

function methodsOf(value: unknown): readonly string[] | null {
  if (value === null) return null;
  const { methods, unknown } = parseMethodList(value);
  if (unknown.length > 0) throw badRequest('invoke.methods must be of GET, POST, PUT, PATCH and DELETE');
  return methods.length > 0 ? methods : ['GET'];
}

/** null: the key goes, and the function's own name is its route again. */
function routesOf(value: unknown): readonly string[] | null {
  const texts = (Array.isArray(value) ? value : [value]).filter((item) => item !== null && item !== '');
  const routes = texts.map((text) => {
    const parsed = parseRoutePattern(String(text));
    if (parsed.kind !== 'ok')
      throw badRequest('invoke.routes must contain valid URL paths (absolute, non-reserved)');
    return parsed.pattern;
  });
  return routes.length === 0 ? null : [...new Set(routes)];
}

function sharedDepsOf(value: unknown): readonly string[] | null {
  if (value === null) return null;
  const texts = typeof value === 'string' ? value.split(/[\n,]/) : (value as unknown[]).map(String);
  const names = texts.map((text) => text.trim()).filter((text) => text !== '');
  if (!names.every((name) => /^[a-zA-Z0-9_-]+$/.test(name))) throw badRequest(sharedDepsText);
  return [...new Set(names)];
}

const cronMacros = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

/** What the schema cannot say of a schedule. */
function checkSchedule(schedule: unknown): void {
  if (!isObject(schedule)) return;
  const { cron, retry } = schedule;
  if (typeof cron === 'string') checkCron(cron.trim());
  for (const zone of [schedule['timezone'], schedule['tz']]) {
    if (typeof zone === 'string' && !isZone(zone.trim())) {
      throw badRequest('schedule.timezone must be UTC, local, Z, or a fixed offset (+HH:MM)');
    }
  }
  if (!isObject(retry)) return;
  const { base_delay_seconds: base, max_delay_seconds: most } = retry;
  if (typeof base === 'number' && typeof most === 'number' && most < base) {
    throw badRequest('schedule.retry.max_delay_seconds must be >= base_delay_seconds');
  }
}

function checkCron(cron: string): void {
  if (cron.startsWith('@')) {
    if (cronMacros.includes(cron.toLowerCase())) return;
    throw badRequest('schedule.cron must be 5/6-field cron or a supported @macro');
  }
  const fields = cron.split(/\s+/).length;
  if (fields !== 5 && fields !== 6) throw badRequest('schedule.cron must have 5 or 6 fields');
}

/** Names of the IANA database too. */
function isZone(zone: string): boolean {
  if (/^(?:utc|local|z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/i.test(zone)) return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
