// Reads one `fn.routes.json`: routes that are written down instead of being read from file names. Whether a target exists
// is for the plan to say. Source: contract/routing.md 4.

import type { Fault } from '../policy/fault.ts';
import type { HttpMethod } from '../policy/function-policy.ts';
import { parseMethodList } from '../policy/methods.ts';
import { checkDocument, type DocumentKind, foundText, isObject } from './checked-document.ts';
import { runtimeOfFile } from './file-name.ts';
import { parseRoutePattern } from './route-pattern.ts';
import schema from './schema/fn.routes.schema.json' with { type: 'json' };

export interface ManifestEntry {
  readonly methods: readonly HttpMethod[];
  /** Absolute from `/`, not below the folder. */
  readonly pattern: string;
  /** Handler file, relative to the manifest's folder; without `..`. */
  readonly target: string;
  /** The key as written, for messages. */
  readonly key: string;
  readonly line: number | undefined;
}

export interface RouteManifest {
  readonly entries: readonly ManifestEntry[];
  readonly faults: readonly Fault[];
}

const kind: DocumentKind = { schema, showValues: true };
const maxEntries = 10_000;

/** @param file name for faults, relative to the functions root */
export function parseRouteManifest(text: string, file: string): RouteManifest {
  const { value, faults: schemaFaults, lineOf } = checkDocument(text, file, kind);
  const routes = value?.['routes'];
  const faults = [...schemaFaults];
  const entries: ManifestEntry[] = [];
  if (!isObject(routes)) return { entries, faults };
  for (const [key, target] of Object.entries(routes).slice(0, maxEntries)) {
    const parsed = parseEntry(key, String(target));
    const line = lineOf(['routes', key]);
    if ('entry' in parsed) entries.push({ ...parsed.entry, key, line });
    if (parsed.problem === null) continue;
    const place = { file, key: `routes.${key}`, ...(line === undefined ? {} : { line }) };
    faults.push({ ...place, ...parsed.problem });
  }
  return { entries, faults };
}

type Problem = Pick<Fault, 'found' | 'accepted' | 'severity'>;
type ParsedEntry =
  | {
      readonly entry: Pick<ManifestEntry, 'methods' | 'pattern' | 'target'>;
      readonly problem: Problem | null;
    }
  | { readonly problem: Problem };

function parseEntry(key: string, target: string): ParsedEntry {
  const bad = (found: string, accepted: string): ParsedEntry => ({
    problem: { found, accepted, severity: 'error' },
  });
  const slash = key.indexOf('/');
  const words = key.slice(0, slash).trim();
  const separated = words === '' || /\s/.test(key[slash - 1] ?? '');
  if (slash < 0 || !separated || !/^[A-Z,\s]*$/.test(words)) {
    return bad(foundText(key), 'METHODS /path, methods in capitals');
  }
  const { methods, unknown } = parseMethodList(words === '' ? 'GET' : words);
  if (methods.length === 0) return bad(foundText(unknown), 'GET, POST, PUT, PATCH, DELETE');
  const route = parseRoutePattern(key.slice(slash));
  if (route.kind !== 'ok') return bad(foundText(key), route.accepted);
  const file = target.trim().replace(/^(?:\.\/)+/, '');
  if (!isInside(file)) return bad(foundText(target), "a path relative to this folder, without '..'");
  if (runtimeOfFile(file) === null)
    return bad(foundText(target), 'a .js, .ts, .py, .php, .lua, .rs or .go file');
  const dropped: Problem | null =
    unknown.length === 0
      ? null
      : { found: foundText(unknown), accepted: 'GET, POST, PUT, PATCH, DELETE', severity: 'warning' };
  return { entry: { methods, pattern: route.pattern, target: file }, problem: dropped };
}

function isInside(path: string): boolean {
  return (
    !path.includes('\\') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}
