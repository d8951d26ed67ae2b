// What a handler's own comments say for the API documentation: `// @summary Hello`, with `#` or `--` as well. Read from the
// first lines of the entry file, when somebody asks; never part of routing. Source: contract/assets-home-openapi.md C3.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FunctionDocs, mediaType } from './function-docs.ts';

const hintLines = 80;
const headBytes = 16_384;
const maxHint = 2_000;

const hint = /^\s*(?:#|\/\/|--|\*)\s*@(summary|methods|query|body|content_type)\s+(\S.*)$/;

/** Never throws: a file that cannot be read has no hints. */
export function readSourceHints(entry: string): FunctionDocs {
  try {
    return parseSourceHints(headOf(entry));
  } catch {
    return {};
  }
}

/** The first of each kind counts; an example that is not what it should be is no example. */
export function parseSourceHints(text: string): FunctionDocs {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/).slice(0, hintLines)) {
    const [, name, value] = hint.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !found.has(name))
      found.set(name, value.trim().slice(0, maxHint));
  }
  const query = objectOf(found.get('query'));
  const contentType = mediaType(found.get('content_type'));
  const [summary, methods, body] = [found.get('summary'), found.get('methods'), found.get('body')];
  return {
    ...(summary === undefined ? {} : { summary }),
    ...(methods === undefined ? {} : { methods }),
    ...(query === null ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    ...(contentType === null ? {} : { contentType }),
  };
}

function objectOf(text: string | undefined): Readonly<Record<string, unknown>> | null {
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

/** Regular files only, and not through a link: the entry was one when it was found. */
function headOf(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) return '';
    const head = Buffer.allocUnsafe(headBytes);
    return head.toString('utf8', 0, readSync(descriptor, head, 0, headBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}
