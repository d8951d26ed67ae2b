// Documents of the catalog that serves, made once per catalog and server address and kept as bytes, so that asking for one
// costs no more than sending it.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Catalog } from '../../discovery/catalog.ts';
import type { FunctionDocs } from '../../discovery/function-docs.ts';
import { readSourceHints } from '../../discovery/source-hints.ts';
import type { AccessRow } from '../access-row.ts';
import { openApiDocument } from './document.ts';

/** Bytes that are served as they are, or compressed. */
export interface ServedBytes {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

/** Addresses under which one host is known at once. */
const maxKept = 8;

export class DocumentSource {
  readonly #internal: readonly AccessRow[];
  readonly #mask: (document: unknown) => unknown;
  readonly #kept = new Map<string, ServedBytes>();
  #generation = 0;
  #hints = new Map<string, FunctionDocs>();

  /**
   * @param internal rows of the control plane that the document shows
   * @param mask takes values of secrets out: texts of a config or a comment may hold one
   */
  constructor(internal: readonly AccessRow[], mask: (document: unknown) => unknown) {
    this.#internal = internal;
    this.#mask = mask;
  }

  get(catalog: Catalog, serverUrl: string): ServedBytes {
    if (catalog.generation !== this.#generation) this.#forget(catalog);
    const before = this.#kept.get(serverUrl);
    if (before !== undefined) return before;
    const document = openApiDocument(catalog, {
      serverUrl,
      internal: this.#internal,
      docsOf: (key) => this.#docsOf(catalog, key),
    });
    const bytes = servedBytes('application/json', Buffer.from(JSON.stringify(this.#mask(document))));
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(serverUrl, bytes);
    return bytes;
  }

  #forget(catalog: Catalog): void {
    this.#generation = catalog.generation;
    this.#kept.clear();
    this.#hints = new Map();
  }

  /** What the config says beats what comments say, key by key. */
  #docsOf(catalog: Catalog, key: string): FunctionDocs {
    const before = this.#hints.get(key);
    if (before !== undefined) return before;
    const unit = catalog.functions.get(key);
    const docs = unit === undefined ? {} : { ...readSourceHints(unit.entry), ...unit.docs };
    this.#hints.set(key, docs);
    return docs;
  }
}

export function servedBytes(type: string, plain: Buffer): ServedBytes {
  const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 27);
  // Weak: the same for both codings (RFC 9110 8.8.1).
  return { type, etag: `W/"${digest}"`, plain, gzip: gzipSync(plain) };
}
