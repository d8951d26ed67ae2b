// Loads the function's module: CommonJS, ES module or TypeScript with erasable syntax, all by Node itself.
// What the module exports is left to handler-call.ts.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * The module's exports: `module.exports`, or the namespace of an ES module.
 * @throws whatever the module's top level throws, and Node's own errors for syntax and missing modules.
 */
export async function loadModule(entry: string): Promise<unknown> {
  try {
    // Not import(): inside a single-executable binary the main script can only load files through a require of their own.
    return createRequire(entry)(entry);
  } catch (failure) {
    // A module with top-level await cannot be required; where import() of files works, that loads it.
    if (failure instanceof Error && 'code' in failure && failure.code === 'ERR_REQUIRE_ASYNC_MODULE') {
      return await import(pathToFileURL(entry).href);
    }
    throw failure;
  }
}
