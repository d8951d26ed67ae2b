// Endpoints that read and change one function: config, environment, code (contract/control-plane.md 6 and 7).

import type { FunctionUnit } from '../discovery/catalog.ts';
import { GatewayError } from '../errors.ts';
import type { Fault } from '../policy/fault.ts';
import type { ControlCall, ControlHandler } from './access-row.ts';
import { checkConditions, etagOf } from './etag.ts';
import { editConfig } from './function-config-edit.ts';
import { createFunction } from './function-create.ts';
import { deleteFunction } from './function-delete.ts';
import { editEnv } from './function-env-edit.ts';
import { configPathOf, envPathOf, findFunction } from './function-target.ts';
import { functionView, parseDocument, readCode, readDocument } from './function-view.ts';
import type { HandlerParts } from './handler-parts.ts';
import { refuseHidden } from './hidden-text.ts';
import { checkWay, putTreeFile, readTreeFile } from './tree-file.ts';

export function functionHandlers(parts: HandlerParts) {
  const { deps, changes } = parts;
  const find = ({ query }: ControlCall): FunctionUnit => findFunction(deps.catalog(), query, 'read');
  return {
    'read function': async (call) => {
      const unit = find(call);
      const { bytes, ...code } = await readCode(unit);
      call.reply.header('etag', etagOf(bytes));
      return {
        ...(await functionView(deps, unit, call)),
        ...(call.query['include_code'] === '0' ? {} : code),
      };
    },
    'create function': (call) => changes.alone(() => createFunction(parts, call)),
    'delete function': (call) => changes.alone(() => deleteFunction(parts, call)),
    'read config': async (call) => {
      const unit = find(call);
      const { bytes, value } = await readDocument(configPathOf(unit));
      call.reply.header('etag', etagOf(bytes));
      return { ...(await functionView(deps, unit, call)), config: value };
    },
    'change config': (call) => changes.alone(() => changeConfig(parts, call)),
    'read env': async (call) => {
      const unit = find(call);
      const { bytes } = await readDocument(envPathOf(unit));
      call.reply.header('etag', etagOf(bytes));
      return functionView(deps, unit, call);
    },
    'change env': (call) => changes.alone(() => changeEnv(parts, call)),
    'read code': async (call) => {
      const unit = find(call);
      const { bytes, ...code } = await readCode(unit);
      call.reply.header('etag', etagOf(bytes));
      return { ...(await functionView(deps, unit, call)), ...code };
    },
    'change code': (call) => changes.alone(() => changeCode(parts, call)),
  } satisfies Record<string, ControlHandler>;
}

/** What the file is to hold, from what it holds. */
type Edit = (before: Buffer | null) => string;

/** Reads, checks the writer's conditions, writes, and answers when it is served. */
async function editFile(
  { deps, changes }: HandlerParts,
  { request, reply }: ControlCall,
  unit: FunctionUnit,
  file: { readonly path: string; readonly mode: number; readonly maxBytes: number },
  edit: Edit,
): Promise<FunctionUnit> {
  const { path, mode, maxBytes } = file;
  await checkWay(deps.catalog().root, path);
  const before = await readTreeFile(path, maxBytes);
  checkConditions(request.headers, before);
  const after = edit(before);
  await changes.carryOut({
    apply: () => putTreeFile(path, after, mode),
    revert: () => putTreeFile(path, before, mode),
    expected: [unit.key],
  });
  reply.header('etag', etagOf(after));
  return deps.catalog().functions.get(unit.key) ?? unit;
}

async function changeConfig(parts: HandlerParts, call: ControlCall): Promise<unknown> {
  const { deps } = parts;
  const unit = findFunction(deps.catalog(), call.query, 'write');
  const path = configPathOf(unit);
  const file = { path, mode: 0o644, maxBytes: maxConfigBytes };
  const changed = await editFile(parts, call, unit, file, (before) => {
    const text = jsonText(editConfig(parseDocument(before, path), call.body), before);
    refuseFaults(deps.checkConfig(text, 'fn.config.json'), call.body);
    return text;
  });
  return functionView(deps, changed, call);
}

const maxConfigBytes = 262_144;

/** A config with faults is not written; keys that nothing reads are faults of whoever sends them. */
function refuseFaults(faults: readonly Fault[], patch: ControlCall['body']): void {
  const sent = new Set(Object.keys(patch));
  const mine = faults.filter(
    ({ severity, key }) => severity === 'error' || sent.has(key.split('.')[0] ?? ''),
  );
  if (mine.length === 0) return;
  const words = mine
    .slice(0, maxShownFaults)
    .map(({ key, found, accepted }) =>
      found === 'an unknown key'
        ? `unknown key: ${key} (accepted: ${accepted})`
        : `${key}: found ${found}, accepted: ${accepted}`,
    );
  throw new GatewayError('bad_request', { text: words.join('; ') });
}

const maxShownFaults = 5;

async function changeEnv(parts: HandlerParts, call: ControlCall): Promise<unknown> {
  const { deps, audit } = parts;
  const unit = findFunction(deps.catalog(), call.query, 'write');
  const path = envPathOf(unit);
  audit.describe(call.request, {
    keys: Object.keys(call.body)
      .slice(0, 100)
      .map((key) => key.slice(0, 100)),
  });
  const file = { path, mode: 0o600, maxBytes: maxConfigBytes };
  const changed = await editFile(parts, call, unit, file, (before) =>
    jsonText(editEnv(parseDocument(before, path), call.body), before),
  );
  return functionView(deps, changed, call);
}

async function changeCode(parts: HandlerParts, call: ControlCall): Promise<unknown> {
  const { deps } = parts;
  const unit = findFunction(deps.catalog(), call.query, 'write');
  const code = String(call.body['code']);
  const file = { path: unit.entry, mode: 0o644, maxBytes: maxStoredCodeBytes };
  const changed = await editFile(parts, call, unit, file, (before) => {
    refuseHidden(code, before, parts.boundary);
    return code;
  });
  const { bytes: _bytes, ...shown } = await readCode(changed);
  return { ...(await functionView(deps, changed, call)), ...shown };
}

const maxStoredCodeBytes = 64 * 1_048_576;

/** As the file was indented before. */
function jsonText(value: Readonly<Record<string, unknown>>, before: Buffer | null): string {
  const indent = /^\{\r?\n([ \t]+)"/.exec(before?.toString('utf8') ?? '')?.[1] ?? '  ';
  return `${JSON.stringify(value, null, indent)}\n`;
}
