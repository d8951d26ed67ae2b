// Which package an import specifier names. Source: contract/dependencies.md 3.2.

import { isBuiltin } from 'node:module';

export type Named =
  | { readonly kind: 'package'; readonly name: string }
  /** A file, an URL, an alias of the project, or the language's own. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unresolved' };

const notPackages = /^(?:\.{1,2}(?:\/|$)|\/|https?:|file:|data:|node:|@\/|~\/|#)/;
const packageName = /^(?:@[A-Za-z0-9_.-]+\/)?[A-Za-z0-9_.-]+$/;

export function packageOfSpecifier(specifier: string): Named {
  if (notPackages.test(specifier) || isBuiltin(specifier)) return { kind: 'none' };
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  return packageName.test(name) && name.length <= 214 ? { kind: 'package', name } : { kind: 'unresolved' };
}
