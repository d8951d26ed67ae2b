// Swagger UI's own script and style, in all three forms of the product: files of the installed package, assets of the binary.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getAsset, isSea } from 'node:sea';

export const swaggerAssetPrefix = 'docs/';

/** Each file under the name it is served by. Written out, so that whoever looks for unused packages finds this use. */
const locations: ReadonlyMap<string, (require: NodeJS.Require) => string> = new Map([
  ['swagger-ui-bundle.js', (require) => require.resolve('@fastify/swagger-ui/static/swagger-ui-bundle.js')],
  ['swagger-ui.css', (require) => require.resolve('@fastify/swagger-ui/static/swagger-ui.css')],
]);

/** Name → path, for whoever packs them into the binary. Throws where the package is not installed. */
export function swaggerFiles(): readonly (readonly [name: string, path: string])[] {
  const require = createRequire(import.meta.url);
  return [...locations].map(([name, locate]) => [name, locate(require)]);
}

/** null: there is no file of that name. Throws where the product was taken apart. */
export function readSwaggerFile(name: string): Buffer | null {
  const locate = locations.get(name);
  if (locate === undefined) return null;
  if (isSea()) return Buffer.from(getAsset(`${swaggerAssetPrefix}${name}`));
  return readFileSync(locate(createRequire(import.meta.url)));
}
