// Anything thrown, as two texts: the message a client may be shown and the detail for the log. Never throws itself,
// whatever was thrown.

import { friendly } from './guard.ts';

// Not an import: making an ES module of node:util reads all its members, and one of them opens the process's stderr.
const { inspect } = process.getBuiltinModule('node:util');

export interface FailureText {
  readonly message: string;
  readonly detail: string;
}

export function describeFailure(thrown: unknown): FailureText {
  const failure = friendly(thrown);
  return { message: messageOf(failure), detail: detailOf(failure) };
}

export function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

function messageOf(failure: unknown): string {
  try {
    if (typeof failure === 'object' && failure !== null && 'message' in failure) {
      const text = String(failure.message);
      if (text !== '') return text;
    }
    return String(failure);
  } catch {
    return 'handler failed with a value that has no text';
  }
}

function detailOf(failure: unknown): string {
  try {
    return typeof failure === 'string' ? failure : inspect(failure);
  } catch {
    return messageOf(failure);
  }
}
