// What a config file says of its function for readers only: texts and examples of the API documentation. Changes nothing
// of how it is served. Source: contract/assets-home-openapi.md C3.

import { type Complain, foundText, isObject, textOf } from './checked-document.ts';

/** Absent = not said. */
export interface FunctionDocs {
  readonly summary?: string;
  /** Example of a query: parameter → value. */
  readonly query?: Readonly<Record<string, unknown>>;
  /** Example of a body: a text, or a value that is shown as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Methods that a comment names; shown, never served by. */
  readonly methods?: string;
  /** Method that the console offers first. */
  readonly defaultMethod?: string;
}

const maxSummary = 500;
const maxContentType = 200;

export function readDocs(invoke: Readonly<Record<string, unknown>>, complain: Complain): FunctionDocs {
  const { query, body, content_type: type } = invoke;
  const summary = textOf(invoke['summary'])?.slice(0, maxSummary);
  const defaultMethod = textOf(invoke['default_method'])?.toUpperCase();
  if (query !== undefined && query !== null && !isObject(query))
    complain(['invoke', 'query'], foundText(query), 'an object of example parameters', 'warning');
  const contentType = mediaType(type);
  if (contentType === null && type !== undefined)
    complain(['invoke', 'content_type'], foundText(type), 'a media type such as text/plain', 'warning');
  return Object.freeze({
    ...(summary === undefined ? {} : { summary }),
    ...(isObject(query) ? { query } : {}),
    ...(body === undefined || body === null ? {} : { body }),
    ...(contentType === null ? {} : { contentType }),
    ...(defaultMethod === undefined ? {} : { defaultMethod }),
  });
}

/** `type/subtype` with parameters, in lower case up to them; null for anything else. */
export function mediaType(value: unknown): string | null {
  const text = textOf(value);
  if (text === null || text.length > maxContentType) return null;
  const parts = /^([\w.+-]+\/[\w.+-]+)\s*(;[\x20-\x7e]*)?$/.exec(text);
  return parts === null ? null : `${parts[1]?.toLowerCase()}${parts[2] ?? ''}`;
}
