// The built-ins that framing depends on, taken before user code loads: a handler that replaces JSON.stringify or adds
// a toJSON to Object.prototype may break its own answers, but not the frames around them.

import buffer from 'node:buffer';

export const parseJson: (text: string) => unknown = JSON.parse;
export const toJson: (value: unknown) => string | undefined = JSON.stringify;
export const defineProperty = Object.defineProperty;
export const allocate = Buffer.allocUnsafeSlow;
export const byteLength = Buffer.byteLength;
// Not a named import: those follow what user code assigns to require('buffer').isUtf8.
export const isUtf8 = buffer.isUtf8;
/** Monotonic milliseconds. */
export const now: () => number = performance.now.bind(performance);
export const afterTurn: (task: () => void) => unknown = setImmediate;
export const exitProcess: (status: number) => never = process.exit.bind(process);
/** Ends the process without a word to user code's exit listeners. */
export const endProcess = (Reflect.get(process, 'reallyExit') as (status: number) => never).bind(process);

type Method<Self, Args extends unknown[], Result> = (this: Self, ...args: Args) => Result;

function detach<Self, Args extends unknown[], Result>(method: Method<Self, Args, Result>) {
  return Function.prototype.call.bind(method) as (self: Self, ...args: Args) => Result;
}

export const readText: (bytes: Buffer, encoding: 'utf8' | 'base64', start: number, end: number) => string =
  detach(Buffer.prototype.toString);
/** Writes UTF-8 at `offset` and says how many bytes; the room must have been checked. */
export const writeText: (bytes: Buffer, text: string, offset: number) => number = detach(
  Buffer.prototype.write as (this: Buffer, text: string, offset: number) => number,
);
export const sliceBytes: (bytes: Buffer, start: number, end: number) => Buffer = detach(
  Buffer.prototype.subarray,
);
/** Copies source[start, end) to target at `at`. */
export const copyBytes: (source: Buffer, target: Buffer, at: number, start: number, end: number) => number =
  detach(Buffer.prototype.copy);
