// One file: does it claim a route, which, and if not, what is said about it. Source: contract/routing.md 1.2-1.5, 2.2.

import type { HttpMethod } from '../policy/function-policy.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import { isShadowedEntry } from './entry-file.ts';
import { type FileMeaning, parseFileName } from './file-name.ts';
import { type FileFact, type Folder, joinPath } from './folder.ts';
import type { Plan } from './plan.ts';

type RouteMeaning = Extract<FileMeaning, { kind: 'route' }>;

export interface FileMode {
  readonly prefix: readonly string[];
  readonly mixed: boolean;
}

/** @param isFunction the folder's own route is a named function's */
export function claimFile(
  plan: Plan,
  folder: Folder,
  file: FileFact,
  mode: FileMode,
  isFunction: boolean,
): void {
  const path = joinPath(folder, file.name);
  const meaning = parseFileName(file.name);
  if (meaning.kind === 'other') return;
  if (meaning.kind !== 'route') {
    remark(plan, path, meaning);
    return;
  }
  if (isFunction && meaning.method === null && meaning.segments.length === 0) return;
  if (mode.mixed && !meaning.explicit) {
    plan.note(
      'private_file',
      path,
      'private: the folder has an entry file, and only get.*, index, [x] … are routes then',
    );
  } else if (isShadowedEntry(folder, file.name)) {
    plan.note('private_file', path, 'private: the JavaScript file of the same name is used');
  } else if (isAllowed(plan, meaning.runtime, path)) {
    claimRoutes(plan, folder, file, meaning, mode);
  }
}

function remark(
  plan: Plan,
  path: string,
  meaning: Exclude<FileMeaning, { kind: 'route' } | { kind: 'other' }>,
): void {
  if (meaning.kind === 'ambiguous') {
    plan.warn('ambiguous_method', path, 'not routed: its name holds two methods');
  } else if (meaning.kind === 'bad') {
    plan.warn(meaning.code, path, badFileText[meaning.code]);
  } else if (meaning.tool) {
    plan.warn(
      'tool_file',
      path,
      `not routed: ${meaning.reason}; a method in front (get.…) would make it a route`,
    );
  } else {
    plan.note('private_file', path, `private: ${meaning.reason}`);
  }
}

const badFileText = {
  bad_parameter: 'not routed: a parameter is [name], [...name] or [[...name]] with letters, digits and _',
  empty_segment: 'not routed: a part of its name cannot stand in a path; use letters and digits',
} as const;

function claimRoutes(
  plan: Plan,
  folder: Folder,
  file: FileFact,
  meaning: RouteMeaning,
  mode: FileMode,
): void {
  const source = joinPath(folder, file.name);
  const segments = [...mode.prefix, ...meaning.segments];
  const draft = plan.fileDraft({ folder, file, runtime: meaning.runtime });
  if (meaning.method !== null) draft.explicitMethods.add(meaning.method);
  const methods: readonly HttpMethod[] =
    meaning.method === null ? (folder.config?.policy.methods ?? ['GET']) : [meaning.method];
  plan.claim(draft, { pattern: `/${segments.join('/')}`, methods, rank: 1, source });
  if (meaning.optionalTail && segments.length > 1) {
    plan.claim(draft, { pattern: `/${segments.slice(0, -1).join('/')}`, methods, rank: 1, source });
  }
}

/** False, with a note, when the language is not enabled. */
export function isAllowed(plan: Plan, runtime: RuntimeName, source: string): boolean {
  const enabled = plan.isEnabled(runtime);
  if (!enabled) plan.note('runtime_disabled', source, `not routed: the runtime ${runtime} is not enabled`);
  return enabled;
}
