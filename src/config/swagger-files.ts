// Swagger UI's own script and style, in all three forms of the product: files of the installed package, assets of the binary.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getAsset, isSea } from 'node:sea';

/** File name → module path; the binary's assets are called by the name behind the prefix. */
export const swaggerFiles: ReadonlyMap<string, string> = new Map(
  ['swagger-ui-bundle.js', 'swagger-ui.css'].map((name) => [name, `@fastify/swagger-ui/static/${name}`]),
);

export const swaggerAssetPrefix = 'docs/';

/** null: there is no file of that name. Throws where the product was taken apart. */
export function readSwaggerFile(name: string): Buffer | null {
  const path = swaggerFiles.get(name);
  if (path === undefined) return null;
  if (isSea()) return Buffer.from(getAsset(`${swaggerAssetPrefix}${name}`));
  return readFileSync(createRequire(import.meta.url).resolve(path));
}
