// Reads one `fn.config.json`: what it says of identity, routes, policy and discovery, with a fault for everything that is
// wrong and a safe value in its place. A field nobody can read never makes a function more open than it asked to be.
// Source: contract/config-cli.md 1, contract/policy.md 2-5, contract/routing.md 5.

import type { Fault } from '../policy/fault.ts';
import type { HandlerPatch, PolicyPatch } from '../policy/resolve-policy.ts';
import { isRuntimeName, type RuntimeName } from '../policy/runtime-name.ts';
import { defaultSandboxRules, type SandboxRules } from '../policy/sandbox-rules.ts';
import { type Complain, checkDocument, type DocumentKind, isObject, textOf } from './checked-document.ts';
import { readHandlerPatch, readPolicyPatch } from './config-policy.ts';
import { type FunctionDocs, readDocs } from './function-docs.ts';
import type { InputSchema } from './input/input-schema.ts';
import { readInput } from './input/read-input.ts';
import { parseRoutePattern } from './route-pattern.ts';
import { isSafeName } from './safe-name.ts';
import schema from './schema/fn.config.schema.json' with { type: 'json' };
import { type AssetsConfig, type HomeConfig, readAssets, readHome } from './site-config.ts';

/** Present when the file makes its folder a named function. */
export interface Identity {
  readonly runtime: RuntimeName | null;
  readonly name: string | null;
}

export interface FunctionConfig {
  /** null: an overlay for the file routes at and below the folder. */
  readonly identity: Identity | null;
  readonly entrypoint: string | null;
  /** `invoke.route` and `invoke.routes`, normalised, each once. */
  readonly routes: readonly string[];
  /** `force-url` in any of its spellings. */
  readonly forced: boolean;
  readonly policy: PolicyPatch;
  readonly handler: HandlerPatch;
  /** Why calls must be refused (a calling convention nobody can read), or null. */
  readonly refused: string | null;
  /** What the functions of this folder take; null: whatever comes. */
  readonly input: InputSchema | null;
  /** Why calls must be refused: schemas of input that nobody can check; or null. */
  readonly inputRefused: string | null;
  readonly docs: FunctionDocs;
  /** Secrets of the operator's store that the handlers of this folder get. */
  readonly secrets: readonly string[];
  /** In a folder below the root only `function` counts: its alias. */
  readonly home: HomeConfig;
  readonly assets: AssetsConfig | null;
  /** Read from the root folder's file only. */
  readonly ignoreDirs: readonly string[];
}

export interface ConfigReading {
  /** null: absent in effect (not JSON, not an object, or empty); the function is served with defaults. */
  readonly config: FunctionConfig | null;
  readonly faults: readonly Fault[];
}

const kind: DocumentKind = { schema, showValues: true };

/**
 * @param file name for faults, relative to the functions root
 * @param rules what the operator allows functions to ask for
 */
export function parseFunctionConfig(
  text: string,
  file: string,
  rules: SandboxRules = defaultSandboxRules,
): ConfigReading {
  const { value, written, faults: schemaFaults, lineOf } = checkDocument(text, file, kind);
  if (value === null || written === null || Object.keys(written).length === 0) {
    return { config: null, faults: schemaFaults };
  }
  const faults = [...schemaFaults];
  const complain: Complain = (key, found, accepted, severity = 'error') => {
    // The schema has said so already, in the words of the whole field.
    if (schemaFaults.some((fault) => fault.key === key.join('.'))) return;
    const line = lineOf(key);
    faults.push({
      file,
      key: key.join('.'),
      ...(line === undefined ? {} : { line }),
      found,
      accepted,
      severity,
    });
  };
  return { config: Object.freeze(readConfig(value, written, rules, complain)), faults };
}

type Json = Readonly<Record<string, unknown>>;

function readConfig(value: Json, written: Json, rules: SandboxRules, complain: Complain): FunctionConfig {
  const invoke = isObject(value['invoke']) ? value['invoke'] : {};
  const handler = readHandlerPatch(value, invoke, complain);
  const { input, refused: inputRefused } = readInput(written, complain);
  return {
    identity: readIdentity(value, written, complain),
    entrypoint: textOf(value['entrypoint']),
    routes: readRoutes(invoke, complain),
    forced: [value, invoke].some((block) => forceKeys.some((key) => block[key] === true)),
    policy: readPolicyPatch(value, written, rules, complain),
    handler: handler.patch,
    refused: handler.refused,
    input,
    inputRefused,
    docs: readDocs(invoke, complain),
    secrets: textsOf(value['secrets']),
    home: readHome(value, invoke),
    assets: readAssets(value, complain),
    ignoreDirs: readIgnoreDirs(value, complain),
  };
}

const forceKeys = ['force-url', 'force_url', 'forceUrl'] as const;

/** Decided on the file as written: `"runtime": "cobol"` names no runtime, but it does mean a named function. */
function readIdentity(value: Json, written: Json, complain: Complain): Identity | null {
  const invoke = isObject(written['invoke']) ? written['invoke'] : {};
  const named = ['runtime', 'name', 'entrypoint'].some((key) => textOf(written[key]) !== null);
  if (!named && !(Array.isArray(invoke['routes']) && invoke['routes'].length > 0)) return null;
  const runtime = textOf(value['runtime']);
  const name = textOf(value['name']);
  const safe = name === null || isSafeName(name);
  if (!safe) complain(['name'], JSON.stringify(name), "a relative path without '..', such as team/hello");
  return {
    runtime: runtime !== null && isRuntimeName(runtime) ? runtime : null,
    name: safe ? name : null,
  };
}

function readRoutes(invoke: Json, complain: Complain): string[] {
  const routes = new Set<string>();
  for (const key of ['route', 'routes'] as const) {
    for (const [index, text] of textsOf(invoke[key]).entries()) {
      const parsed = parseRoutePattern(text);
      const place = Array.isArray(invoke[key]) ? ['invoke', key, String(index)] : ['invoke', key];
      if (parsed.kind === 'ok') routes.add(parsed.pattern);
      else complain(place, JSON.stringify(text), parsed.accepted);
    }
  }
  return [...routes];
}

function readIgnoreDirs(value: Json, complain: Complain): string[] {
  const block = ['zero_config', 'discovery', 'routing'].map((key) => value[key]).find(isObject);
  const lists = [
    { key: ['zero_config', 'ignore_dirs'], raw: block?.['ignore_dirs'] },
    { key: ['zero_config_ignore_dirs'], raw: value['zero_config_ignore_dirs'] },
  ];
  return lists.flatMap(({ key, raw }) =>
    textsOf(raw)
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((name) => {
        const bad = /[/\\]/.test(name);
        if (bad) complain(key, JSON.stringify(name), 'names of single folders');
        return name !== '' && !bad;
      }),
  );
}

function textsOf(value: unknown): string[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.filter((item) => typeof item === 'string');
}
