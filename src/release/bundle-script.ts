// How a bundle inside the binary is compiled: the same way when it is packaged (to make its code cache) and when it runs
// (to use it), for V8 refuses a cache that was made from any other text.
import { constants, Script } from 'node:vm';

/** The roles that one executable plays, each with a bundle of its own, so that a role pays for no other's code. */
export const bundleNames = ['cli', 'launcher', 'node-worker', 'lua-worker'] as const;
export type BundleName = (typeof bundleNames)[number];

export const codeCacheAsset = (name: BundleName): string => `${name}.cache`;

/** What a bundle's code finds around it, as in a CommonJS module. */
export interface BundleScope {
  readonly exports: object;
  readonly require: NodeJS.Require;
  readonly module: { exports: object };
  readonly filename: string;
  readonly dirname: string;
  /** Stands for `import.meta.url`. */
  readonly url: string;
}

/** Compiles a bundle; `run` of the result evaluates it. With `import()` of Node's own loader, which a SEA main lacks. */
export function compileBundle(name: BundleName, source: string, cachedData?: Buffer): Script {
  return new Script(
    `(function (exports, require, module, __filename, __dirname, __bundleUrl) {${source}\n})`,
    {
      filename: `fastfn:${name}`,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(cachedData === undefined ? {} : { cachedData }),
    },
  );
}

export function runBundle(script: Script, scope: BundleScope): void {
  const body = script.runInThisContext();
  body(scope.exports, scope.require, scope.module, scope.filename, scope.dirname, scope.url);
}
