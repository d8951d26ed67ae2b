// Packages that were installed for the function outside its folder: where Node finds none by its own rules, it looks there too.
// The function's own `node_modules` comes first, and a package finds its own dependencies beside itself.

import { createRequire, registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const notFound: ReadonlySet<unknown> = new Set([
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_ACCESS_DENIED',
]);

/** Names of packages: neither a path, nor an URL, nor an alias of the importing package. */
const bare = /^[^./#:][^:]*$/;

/** @param folders absolute: `node_modules`, best first, and what is beside one */
export function offerPackages(folders: readonly string[]): void {
  if (folders.length === 0) return;
  // Node looks for `node_modules` beside a file: any file of the folder that holds it will do.
  const parents = [...new Set(folders.map((folder) => join(dirname(folder), 'package')))];
  const requires = parents.map((parent) => createRequire(parent));
  let asking = false;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (failure) {
        if (asking || !isNotFound(failure) || !bare.test(specifier)) throw failure;
        asking = true;
        try {
          return context.conditions.includes('import')
            ? firstOf(
                parents,
                (parent) => next(specifier, { ...context, parentURL: pathToFileURL(parent).href }),
                failure,
              )
            : firstOf(requires, (find) => required(find.resolve(specifier)), failure);
        } finally {
          asking = false;
        }
      }
    },
  });
}

function required(file: string) {
  return { url: pathToFileURL(file).href, shortCircuit: true };
}

function firstOf<T, R>(places: readonly T[], look: (place: T) => R, failure: unknown): R {
  for (const place of places) {
    try {
      return look(place);
    } catch (other) {
      // Found, but broken in itself: that is the failure to tell.
      if (!isNotFound(other)) throw other;
    }
  }
  throw failure;
}

function isNotFound(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && notFound.has(failure.code);
}
