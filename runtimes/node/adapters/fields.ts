// Reading an event's loosely typed parts, for the adapters.

import type { HandlerEvent } from '../event.ts';

export type Fields = Readonly<Record<string, unknown>>;

const noFields: Fields = Object.freeze({});

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : noFields;
}

/** Text of a scalar; '' for nothing. */
export function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

/** A request header by its lower-case name; repeated ones joined; '' when absent. */
export function headerOf(event: HandlerEvent, name: string, separator = ', '): string {
  const value = fieldsOf(event.headers)[name];
  return Array.isArray(value) ? value.join(separator) : textOf(value);
}

/** The request target as sent, or the path where that is missing. */
export function rawTarget(event: HandlerEvent): string {
  return textOf(event.raw_path) || textOf(event.path) || '/';
}
