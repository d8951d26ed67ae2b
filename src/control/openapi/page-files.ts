// The files of the documentation page: our page and its starter, and Swagger UI's own script and style. Read once, when
// somebody first asks.

import { readSwaggerFile } from '../../config/swagger-files.ts';
import { type ServedBytes, servedBytes } from './document-source.ts';

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>fastfn API</title>
    <link rel="stylesheet" href="/_fn/docs/swagger-ui.css">
  </head>
  <body>
    <main id="docs"><p>The API as a document: <a href="/_fn/openapi.json">/_fn/openapi.json</a></p></main>
    <script src="/_fn/docs/swagger-ui-bundle.js"></script>
    <script src="/_fn/docs/start.js"></script>
  </body>
</html>
`;

const starter = `SwaggerUIBundle({
  url: '/_fn/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
`;

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'application/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

const read = new Map<string, ServedBytes>();

/** @param name `''` for the page itself; null: there is no such file */
export function pageFile(name: string): ServedBytes | null {
  const before = read.get(name);
  if (before !== undefined) return before;
  const content = contentOf(name);
  if (content === null) return null;
  const extension = name === '' ? 'html' : name.slice(name.lastIndexOf('.') + 1);
  const bytes = servedBytes(types[extension] ?? 'application/octet-stream', content);
  read.set(name, bytes);
  return bytes;
}

function contentOf(name: string): Buffer | null {
  if (name === '') return Buffer.from(page);
  if (name === 'start.js') return Buffer.from(starter);
  return readSwaggerFile(name);
}

/**
 * Nothing from elsewhere, nothing inline, nothing framed. Swagger UI draws its icons from `data:` and may send requests to
 * where the API is.
 */
export function pagePolicy(apiOrigin: string | null): string {
  const connect = apiOrigin === null ? "'self'" : `'self' ${apiOrigin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
