// What a file is and how long it may be kept, by its name alone (contract/assets-home-openapi.md A5).

const utf8 = '; charset=utf-8';

const types: Readonly<Record<string, string>> = {
  html: `text/html${utf8}`,
  htm: `text/html${utf8}`,
  css: `text/css${utf8}`,
  js: `application/javascript${utf8}`,
  mjs: `application/javascript${utf8}`,
  json: 'application/json',
  map: 'application/json',
  webmanifest: 'application/manifest+json',
  txt: `text/plain${utf8}`,
  md: `text/markdown${utf8}`,
  csv: `text/csv${utf8}`,
  xml: `text/xml${utf8}`,
  svg: `image/svg+xml${utf8}`,
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  ico: 'image/x-icon',
  wasm: 'application/wasm',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  pdf: 'application/pdf',
  zip: 'application/zip',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
};

const unknownType = 'application/octet-stream';

/** Packed already: no second coding is worth looking for. */
const packedTypes =
  /^(?:image\/(?!svg|x-icon)|audio\/|video\/|font\/woff|application\/(?:pdf|zip|octet-stream))/;

export function contentTypeOf(name: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(types, extension) ? (types[extension] ?? unknownType) : unknownType;
}

export function isWorthPacking(contentType: string): boolean {
  return !packedTypes.test(contentType);
}

const hashedName = /[._-]([0-9a-f]{8,})[._-]/i;
/** Build tools write letters of base64 there, in folders of these names. */
const builtName = /[._-]([A-Za-z0-9_-]{8,})\.[a-z0-9.]+$/;
const buildFolders: ReadonlySet<string> = new Set(['assets', 'static', '_next']);

/** Whether the name changes when the content does: then nobody need ever ask again. */
function isHashed(segments: readonly string[]): boolean {
  const name = segments.at(-1) ?? '';
  const hash = hashedName.exec(name)?.[1];
  // Digits alone are a date, letters alone a word.
  if (hash !== undefined && /[a-f]/i.test(hash) && /\d/.test(hash)) return true;
  if (!segments.slice(0, -1).some((folder) => buildFolders.has(folder))) return false;
  const built = builtName.exec(name)?.[1] ?? '';
  return /[A-Za-z]/.test(built) && /[A-Z0-9]/.test(built);
}

export function cacheControlOf(segments: readonly string[]): string {
  return isHashed(segments) ? 'public, max-age=31536000, immutable' : 'public, max-age=0, must-revalidate';
}
