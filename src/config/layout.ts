// Where the product's own files are in its three forms: a checkout (TypeScript as it is), the npm package (compiled
// JavaScript) and the binary (one executable that plays every role). Only looks; program-files.ts puts in place what a
// form lacks.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

export interface Layout {
  readonly kind: 'checkout' | 'npm' | 'binary';
  /** The product's version, from package.json; the binary carries it as an asset. */
  readonly version: string;
  /** The Node that runs us; in the binary, the binary itself. Launchers and Node workers run with it too. */
  readonly node: string;
  /** Folder that holds `src/` and `runtimes/`, as TypeScript or compiled; null in the binary, where they are assets. */
  readonly codeRoot: string | null;
  /** Folder of the package.json that makes `codeRoot` ES modules; null in the binary. */
  readonly packageRoot: string | null;
}

function versionIn(packageRoot: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  throw new Error('cannot find "version" in the package.json of fastfn');
}

/** Finds out which form runs. Throws where package.json cannot be read: an installation that was taken apart. */
export function resolveLayout(): Layout {
  const node = process.execPath;
  if (isSea()) {
    return Object.freeze({
      kind: 'binary',
      version: getAsset('version', 'utf8'),
      node,
      codeRoot: null,
      packageRoot: null,
    });
  }
  const self = fileURLToPath(import.meta.url);
  // src/config/layout.ts is three steps below the root of a checkout, dist/lib/src/config/layout.js five below a package's.
  const codeRoot = dirname(dirname(dirname(self)));
  const kind = self.endsWith('.ts') ? 'checkout' : 'npm';
  const packageRoot = kind === 'checkout' ? codeRoot : dirname(dirname(codeRoot));
  return Object.freeze({ kind, version: versionIn(packageRoot), node, codeRoot, packageRoot });
}
