// What a file or folder name means as a route: its language, its method, its path segments, or why it is no route.
// Source: contract/routing.md 1.

import { type HttpMethod, httpMethods } from '../policy/function-policy.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';

const runtimeByExtension: Readonly<Record<string, RuntimeName>> = {
  js: 'node',
  ts: 'node',
  py: 'python',
  php: 'php',
  lua: 'lua',
  rs: 'rust',
  go: 'go',
};

/** The language of a handler file, or null; `*.d.ts` describes and never handles. */
export function runtimeOfFile(name: string): RuntimeName | null {
  const dot = name.lastIndexOf('.');
  if (dot < 1 || name.toLowerCase().endsWith('.d.ts')) return null;
  const extension = name.slice(dot + 1).toLowerCase();
  return Object.hasOwn(runtimeByExtension, extension) ? (runtimeByExtension[extension] ?? null) : null;
}

export type Segment =
  /** `index`, `handler` and `main` stand for the folder itself. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'segment'; readonly text: string; readonly dynamic: boolean }
  /** `[[...name]]`: a catch-all that may also match nothing. */
  | { readonly kind: 'optional'; readonly text: string }
  | { readonly kind: 'bad'; readonly code: 'bad_parameter' | 'empty_segment' };

const folderWords: ReadonlySet<string> = new Set(['index', 'handler', 'main']);
const bracketed = /^\[(\[)?(\.\.\.)?([A-Za-z0-9_]{1,100})\]?\]$/;

/** One folder name, or one part of a file name between dots. The author's spelling of a parameter is kept. */
export function parseSegment(name: string): Segment {
  if (folderWords.has(name.toLowerCase())) return { kind: 'dropped' };
  if (name.startsWith('[')) return parseParameter(name);
  const text = name
    .toLowerCase()
    .replace(/_+/g, '-')
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return text === '' ? { kind: 'bad', code: 'empty_segment' } : { kind: 'segment', text, dynamic: false };
}

function parseParameter(name: string): Segment {
  const found = bracketed.exec(name);
  const word = found?.[3];
  const double = found?.[1] !== undefined;
  if (word === undefined || double !== name.endsWith(']]')) return { kind: 'bad', code: 'bad_parameter' };
  const rest = found?.[2] !== undefined;
  if (double) return rest ? { kind: 'optional', text: `:${word}*` } : { kind: 'bad', code: 'bad_parameter' };
  return { kind: 'segment', text: rest ? `:${word}*` : `:${word}`, dynamic: true };
}

export type FileMeaning =
  /** Not a handler file at all. */
  | { readonly kind: 'other' }
  | { readonly kind: 'private'; readonly reason: string; readonly tool: boolean }
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'bad'; readonly code: 'bad_parameter' | 'empty_segment' }
  | {
      readonly kind: 'route';
      readonly runtime: RuntimeName;
      /** From a `get.` … prefix. */
      readonly method: HttpMethod | null;
      /** Below the folder's own route; empty for the folder itself. */
      readonly segments: readonly string[];
      /** The last segment is a catch-all that may match nothing. */
      readonly optionalTail: boolean;
      /** Says by its name that it is a route: the only kind that is one in a mixed folder. */
      readonly explicit: boolean;
    };

/** Files of tools that sit in every project and would make surprising routes. */
const toolFiles =
  /^(?:.*\.config\.[jt]s|.*\.stories\.[^.]+|conftest\.py|setup\.py|manage\.py|gruntfile\..*|gulpfile\..*)$/i;

export function parseFileName(name: string): FileMeaning {
  const runtime = runtimeOfFile(name);
  if (runtime === null) return { kind: 'other' };
  const base = name.slice(0, name.lastIndexOf('.'));
  if (name.startsWith('.')) return privateFile('its name starts with a dot');
  if (base.startsWith('_')) return privateFile('its name starts with an underscore');
  if (/\.(?:test|spec)$/i.test(base)) return privateFile('it is a test');
  const tokens = splitTokens(base);
  const method = methodOf(tokens[0]);
  if (method === null && toolFiles.test(name)) return { ...privateFile('it belongs to a tool'), tool: true };
  const rest = method === null ? tokens : tokens.slice(1);
  if (method !== null && rest.some((token) => methodOf(token) !== null)) return { kind: 'ambiguous' };
  return routeOf(runtime, method, rest);
}

function privateFile(reason: string): FileMeaning & { kind: 'private' } {
  return { kind: 'private', reason, tool: false };
}

function routeOf(runtime: RuntimeName, method: HttpMethod | null, tokens: readonly string[]): FileMeaning {
  const parsed = tokens.map(parseSegment);
  const segments: string[] = [];
  for (const segment of parsed) {
    if (segment.kind === 'bad') return segment;
    if (segment.kind !== 'dropped') segments.push(segment.text);
  }
  const plain = (segment: Segment) => segment.kind === 'segment' && !segment.dynamic;
  return {
    kind: 'route',
    runtime,
    method,
    segments,
    optionalTail: parsed.at(-1)?.kind === 'optional',
    explicit: method !== null || !parsed.every(plain),
  };
}

/** Splits on dots outside brackets, so that `[...slug]` stays whole. */
function splitTokens(base: string): string[] {
  const tokens: string[] = [];
  let depth = 0;
  let current = '';
  for (const letter of base) {
    if (letter === '[') depth++;
    if (letter === ']') depth = Math.max(0, depth - 1);
    if (letter === '.' && depth === 0) {
      tokens.push(current);
      current = '';
    } else current += letter;
  }
  return [...tokens, current].map((token) => token.trim()).filter((token) => token !== '');
}

function methodOf(token: string | undefined): HttpMethod | null {
  return httpMethods.find((method) => method === token?.toUpperCase()) ?? null;
}
