// Sandbox refusals in words a person understands (contract/sandbox.md 6). Enforces nothing that the kernel and Node's
// permission model do not: it names their refusals, and hides the protected files before they are asked for.

import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Exports = Record<string, unknown>;

/** contract/sandbox.md 4. The gateway keeps the same list; this folder is shipped alone. */
const protectedNames: ReadonlySet<string> = new Set([
  'fn.config.json',
  'fn.env.json',
  'fn.routes.json',
  'fn.test_events.json',
  'fastfn.json',
]);

// Watchers hand over listeners that must keep their identity; streams open through the guarded fs.open; globs are
// iterators, not promises.
const unguarded: ReadonlySet<string> = new Set([
  'watch',
  'watchFile',
  'unwatchFile',
  'createReadStream',
  'createWriteStream',
  'glob',
  'globSync',
]);

const disabledByPermission: Readonly<Record<string, string>> = {
  ChildProcess: 'subprocess',
  WorkerThreads: 'worker threads',
  Addons: 'native addons',
  Addon: 'native addons',
  Inspector: 'inspector',
  WASI: 'WASI',
  FFI: 'foreign functions',
};

/** Puts the guard around `node:fs` and `node:child_process`; once per process, before user code loads. */
export function installGuard(): void {
  guardFunctions(fs as unknown as Exports, (name, call) =>
    name.endsWith('Sync') ? guardSync(name, call) : guardCallback(name, call),
  );
  guardFunctions(fs.promises as unknown as Exports, (_name, call) => guardPromise(call));
  guardFunctions(childProcess as unknown as Exports, () => () => {
    throw refusal('subprocess disabled by strict function sandbox');
  });
  // Named imports of ES modules see the replaced functions only after this.
  syncBuiltinESMExports();
}

/** The same failure in the sandbox's words, or the failure itself when it is none of the sandbox's. */
export function friendly(failure: unknown): unknown {
  if (!(failure instanceof Error) || !('code' in failure) || failure.code !== 'ERR_ACCESS_DENIED')
    return failure;
  const { permission, resource } = failure as { permission?: unknown; resource?: unknown };
  const disabled = typeof permission === 'string' ? disabledByPermission[permission] : undefined;
  if (disabled !== undefined) return refusal(`${disabled} disabled by strict function sandbox`, failure);
  return typeof resource === 'string' && resource !== '' && String(permission).startsWith('FileSystem')
    ? pathRefusal(resource, failure)
    : failure;
}

/** Also reads the kernel's refusals: Landlock answers EACCES, seccomp EPERM. Only for errors of `node:fs`. */
function friendlyFileError(failure: unknown): unknown {
  if (!(failure instanceof Error) || !('code' in failure)) return failure;
  if (failure.code === 'ERR_ACCESS_DENIED') return friendly(failure);
  if (failure.code !== 'EACCES' && failure.code !== 'EPERM') return failure;
  const { path } = failure as { path?: unknown };
  return typeof path === 'string' && !('sandbox' in failure) ? pathRefusal(path, failure) : failure;
}

function pathRefusal(path: string, cause?: Error): Error {
  const absolute = resolve(path);
  return protectedNames.has(basename(absolute))
    ? refusal(`access to protected function config/env file denied: ${absolute}`, cause)
    : refusal(`path outside strict function sandbox: ${absolute}`, cause);
}

function refusal(message: string, cause?: Error): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.defineProperty(Object.assign(error, { code: 'EACCES' }), 'sandbox', { value: true });
}

function guardFunctions(exports: Exports, guard: (name: string, call: AnyFunction) => AnyFunction): void {
  for (const [name, call] of Object.entries(exports)) {
    // Classes (Stats, ReadStream, ChildProcess) start with a capital, internals with an underscore.
    if (typeof call !== 'function' || !/^[a-z]/.test(name) || unguarded.has(name)) continue;
    const guarded = guard(name, call as AnyFunction);
    // name, length and util.promisify.custom stay what they were.
    exports[name] = Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(call));
  }
}

function guardSync(name: string, call: AnyFunction): AnyFunction {
  return function (...args) {
    try {
      refuseProtected(args);
      return Reflect.apply(call, this, args);
    } catch (failure) {
      if (name === 'existsSync') return false;
      throw friendlyFileError(failure);
    }
  };
}

function guardCallback(name: string, call: AnyFunction): AnyFunction {
  return function (...args) {
    const callback = args.at(-1);
    if (typeof callback !== 'function') return guardSync(name, call).apply(this, args);
    args[args.length - 1] = (failure: unknown, ...rest: unknown[]) =>
      callback(friendlyFileError(failure), ...rest);
    try {
      refuseProtected(args);
      return Reflect.apply(call, this, args);
    } catch (thrown) {
      // Node throws its refusals even from the callback API; a wrong argument stays a throw.
      const failure = friendlyFileError(thrown);
      if (failure === thrown && !isRefusal(thrown)) throw thrown;
      process.nextTick(callback, name === 'exists' ? false : failure);
      return undefined;
    }
  };
}

function guardPromise(call: AnyFunction): AnyFunction {
  return async function (...args) {
    try {
      refuseProtected(args);
      return await Reflect.apply(call, this, args);
    } catch (failure) {
      throw friendlyFileError(failure);
    }
  };
}

/** @throws Error when one of the first two arguments is the path of a protected file. */
function refuseProtected(args: readonly unknown[]): void {
  for (const argument of args.slice(0, 2)) {
    const path = pathText(argument);
    if (path !== null && protectedNames.has(basename(path))) throw pathRefusal(path);
  }
}

function pathText(argument: unknown): string | null {
  if (typeof argument === 'string') return argument;
  if (argument instanceof URL) return argument.protocol === 'file:' ? fileURLToPath(argument) : null;
  return Buffer.isBuffer(argument) ? argument.toString('utf8') : null;
}

function isRefusal(failure: unknown): boolean {
  return failure instanceof Error && 'sandbox' in failure;
}
