// Endpoints for the files of a function's folder (contract/control-plane.md 6.6), and for taking back what was deleted last.
// What holds secrets or names the function has endpoints of its own and is refused here.

import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { GatewayError } from '../errors.ts';
import type { ControlCall, ControlHandler } from './access-row.ts';
import { badRequest } from './bad-request.ts';
import { checkConditions, etagOf } from './etag.ts';
import { maskEnv } from './function-env-edit.ts';
import { findFunction, namesOf } from './function-target.ts';
import { readDocument } from './function-view.ts';
import type { HandlerParts } from './handler-parts.ts';
import { refuseHidden } from './hidden-text.ts';
import type { Deleted } from './trash.ts';
import {
  checkWay,
  makeFolders,
  putTreeFile,
  readTreeFile,
  removeEmptyFolders,
  statOrNull,
} from './tree-file.ts';

/** Of a file in an answer and in a call. */
const maxFileBytes = 1_048_576;
const maxReadBytes = 64 * 1_048_576;
const maxListDepth = 3;
const maxListed = 2_000;

export function fileHandlers(parts: HandlerParts) {
  const { deps, changes, trash } = parts;
  return {
    'list files': async ({ query }) => listFiles(deps.catalog(), targetOf(parts, query, 'read')),
    'read file': (call) => readFile(parts, call),
    'change file': (call) => changes.alone(() => changeFile(parts, call)),
    'delete file': (call) => changes.alone(() => deleteFile(parts, call)),
    'last deletion': async () => ({ last: await trash.last() }),
    undo: () => changes.alone(() => undo(parts)),
  } satisfies Record<string, ControlHandler>;
}

function targetOf(
  { deps }: Pick<HandlerParts, 'deps'>,
  query: ControlCall['query'],
  access: 'read' | 'write',
): FunctionUnit {
  if ((query['runtime'] ?? '') === '' || (query['name'] ?? '') === '') {
    throw new GatewayError('bad_request', { text: 'runtime and name required' });
  }
  return findFunction(deps.catalog(), query, access);
}

interface ListedFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly type: string;
}

async function listFiles(catalog: Catalog, unit: FunctionUnit): Promise<unknown> {
  const files: ListedFile[] = [];
  await walk(unit, unit.home, 1, files);
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const versions = [...catalog.functions.values()]
    .filter(
      (other) => other.runtime === unit.runtime && other.name === unit.name && other.version !== 'default',
    )
    .map((other) => other.version);
  return { ...namesOf(unit), function_dir: unit.home, files, truncated: files.length >= maxListed, versions };
}

/** Dot entries and links are not listed. */
async function walk(unit: FunctionUnit, folder: string, depth: number, files: ListedFile[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (files.length >= maxListed) return;
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory() && depth < maxListDepth) await walk(unit, path, depth + 1, files);
    if (!entry.isFile()) continue;
    const bytes = await fileSize(path);
    files.push({
      name: entry.name,
      path: relative(unit.home, path),
      size: bytes,
      type: typeOf(unit, path, entry.name),
    });
  }
}

const manifests: readonly string[] = [
  'requirements.txt',
  'package.json',
  'composer.json',
  'Cargo.toml',
  'go.mod',
];
const locks: readonly string[] = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'requirements.lock.txt',
  'composer.lock',
  'Cargo.lock',
  'go.sum',
];

function typeOf(unit: FunctionUnit, path: string, name: string): string {
  if (path === unit.entry) return 'handler';
  if (name === 'fn.config.json' || name === 'fn.routes.json') return 'config';
  if (name === 'fn.env.json') return 'env';
  if (manifests.includes(name)) return 'deps';
  return locks.includes(name) ? 'lock' : 'file';
}

async function fileSize(path: string): Promise<number> {
  return (await statOrNull(path))?.size ?? 0;
}

async function readFile({ deps, boundary }: HandlerParts, { query, reply }: ControlCall): Promise<unknown> {
  const unit = targetOf({ deps }, query, 'read');
  const { path, absolute, name } = placeOf(unit, query['path']);
  if (!(await checkWay(deps.catalog().root, absolute)))
    throw new GatewayError('not_found', { text: 'file not found' });
  if (name === 'fn.env.json') {
    const { value } = await readDocument(absolute);
    return { content: JSON.stringify(maskEnv(value), null, 2), path, truncated: false, masked: true };
  }
  const bytes = await readTreeFile(absolute, maxReadBytes);
  if (bytes === null) throw new GatewayError('not_found', { text: 'file not found' });
  reply.header('etag', etagOf(bytes));
  const part = bytes.subarray(0, maxFileBytes);
  const truncated = bytes.length > maxFileBytes;
  // Cut in the middle of a character a text is still a text.
  const isText = isUtf8(truncated ? part.subarray(0, lastCharacterEnd(part)) : part) && !part.includes(0);
  if (!isText) return { content_base64: part.toString('base64'), is_base64: true, path, truncated };
  const content = part.toString('utf8');
  const masked = boundary.shown(content) !== content;
  return { content, path, truncated, ...(masked ? { masked } : {}) };
}

async function changeFile(parts: HandlerParts, call: ControlCall): Promise<unknown> {
  const { deps, changes, boundary, audit } = parts;
  const unit = targetOf(parts, call.query, 'write');
  const { path, absolute, name } = placeOf(unit, call.body['path']);
  audit.describe(call.request, { file: path });
  if (protectedFiles.includes(name)) throw badRequest(`use config/env API to modify ${name}`);
  const content = contentOf(call.body);
  if (content.length > maxFileBytes) throw badRequest('file too large (max 1 MB)');
  await checkWay(deps.catalog().root, absolute);
  const before = await readTreeFile(absolute, maxReadBytes);
  checkConditions(call.request.headers, before);
  refuseHidden(content.toString('utf8'), before, boundary);
  await changes.carryOut({
    apply: async () => {
      await makeFolders(dirname(absolute));
      await putTreeFile(absolute, content);
    },
    revert: async () => {
      await putTreeFile(absolute, before);
      await removeEmptyFolders(dirname(absolute), deps.catalog().root);
    },
    expected: [unit.key],
  });
  call.reply.header('etag', etagOf(content));
  return { ok: true, path };
}

async function deleteFile(parts: HandlerParts, { query, request }: ControlCall): Promise<unknown> {
  const { deps, changes, trash } = parts;
  const { root, functions } = deps.catalog();
  const unit = targetOf(parts, query, 'write');
  const { path, absolute, name } = placeOf(unit, query['path']);
  if (protectedFiles.includes(name)) throw badRequest(`cannot delete ${name}`);
  if ([...functions.values()].some((other) => other.entry === absolute)) {
    throw badRequest('cannot delete the main handler file');
  }
  if (!(await checkWay(root, absolute))) throw new GatewayError('not_found', { text: 'file not found' });
  checkConditions(request.headers, await readTreeFile(absolute, maxReadBytes));
  await changes.carryOut({
    apply: () => trash.put(root, [absolute], { kind: 'file', ...namesOf(unit), path }),
    revert: () => trash.takeBack(root).then(() => {}),
    expected: [unit.key],
    keepsTrash: true,
  });
  return { ok: true, path, undo: '/_fn/undo' };
}

async function undo({ deps, changes, trash }: HandlerParts): Promise<unknown> {
  const { root } = deps.catalog();
  const restored: { paths: readonly string[]; what: Deleted } = { paths: [], what: {} };
  await changes.carryOut({
    apply: async () => Object.assign(restored, await trash.takeBack(root)),
    revert: () => trash.put(root, restored.paths, restored.what),
    keepsTrash: true,
  });
  return { ok: true, restored: restored.what };
}

/** Refused as texts, because changing them by hand goes round what keeps them in order. */
const protectedFiles: readonly string[] = ['fn.config.json', 'fn.env.json'];

function placeOf(
  unit: FunctionUnit,
  raw: unknown,
): { readonly path: string; readonly absolute: string; readonly name: string } {
  const path = typeof raw === 'string' ? raw : '';
  if (path === '') throw badRequest('path required');
  const parts = path.split('/');
  // Dot files are the gateway's and the tools' own.
  if (path.includes('\0') || parts.some((part) => part === '' || part.startsWith('.')))
    throw badRequest('invalid path');
  if (!/^[A-Za-z0-9_./ \-[\]]+$/.test(path)) throw badRequest('invalid characters in path');
  return { path, absolute: join(unit.home, path), name: parts.at(-1) ?? '' };
}

function contentOf({ content, content_base64: base64 }: ControlCall['body']): Buffer {
  if (typeof content === 'string') return Buffer.from(content, 'utf8');
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64');
  throw badRequest('content required');
}

function lastCharacterEnd(bytes: Buffer): number {
  let end = bytes.length;
  // Back over the bytes of a character that may be cut: at most three follow its first (RFC 3629 3).
  for (let back = 0; back < 4 && end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80; back += 1) end -= 1;
  return end > 0 && (bytes[end - 1] ?? 0) >= 0xc0 ? end - 1 : bytes.length;
}
