// The static files of a functions folder as the pipeline asks for them: an exact file, the shell of a single-page
// application, the page for what is not there (contract/assets-home-openapi.md A2-A4). Reads the disk at every request, so a
// changed file is a changed answer.

import type { IncomingMessage } from 'node:http';
import type { AssetsPlan } from '../../discovery/catalog.ts';
import type { InvocationReply } from '../../invocation/invocation.ts';
import { acceptsCoding, type Coding } from '../accept-encoding.ts';
import { type AssetPath, folderLocation, parseAssetPath } from './asset-path.ts';
import { assetReply } from './asset-reply.ts';
import { contentTypeOf, isWorthPacking } from './content-type.ts';
import { isNavigation, wantsPage } from './navigation.ts';
import { AssetDirectory, type HiddenFiles, type OpenAsset } from './open-asset.ts';

const index = 'index.html';
const missingPage = '404.html';
/** Packed copies beside a file, the better one first. */
const packed: readonly { readonly coding: Coding; readonly suffix: string }[] = [
  { coding: 'br', suffix: '.br' },
  { coding: 'gzip', suffix: '.gz' },
];

export interface AssetAsk {
  readonly request: IncomingMessage;
  /** As sent, without the query. */
  readonly rawPath: string;
  readonly query: string;
}

export class AssetSite {
  readonly workerFirst: boolean;
  readonly #isSpa: boolean;
  readonly #directory: AssetDirectory;

  constructor(plan: AssetsPlan, hidden: HiddenFiles) {
    this.workerFirst = plan.workerFirst;
    this.#isSpa = plan.isSpa;
    this.#directory = new AssetDirectory(plan.directory, hidden);
  }

  /** The file of this very path; null when there is none. For GET and HEAD. */
  async exact(ask: AssetAsk): Promise<InvocationReply | null> {
    const path = parseAssetPath(ask.rawPath);
    if (path === null) return null;
    if (path.isFolder) return this.#file([...path.segments, index], ask.request);
    const found = await this.#directory.open(path.segments);
    if (found === 'folder') return this.#folder(path, ask);
    return found === null ? null : this.#reply(found, path.segments, ask.request);
  }

  /** What navigation gets where neither a file nor a function answers; null = the usual 404. */
  async fallback({ request, rawPath }: AssetAsk): Promise<InvocationReply | null> {
    const segments = parseAssetPath(rawPath)?.segments;
    if (segments === undefined) return null;
    if (this.#isSpa) return isNavigation(segments, request.headers) ? this.#file([index], request) : null;
    if (!wantsPage(segments, request.headers)) return null;
    const page = await this.#directory.open([missingPage]);
    if (page === null || page === 'folder') return null;
    return assetReply(page, { segments: [missingPage], coding: null, status: 404 }, request);
  }

  /** Whether a file has this path, for methods that files do not take. */
  async has(rawPath: string): Promise<boolean> {
    const path = parseAssetPath(rawPath);
    if (path === null) return false;
    const found = await this.#directory.open(path.isFolder ? [...path.segments, index] : path.segments);
    if (found === null || found === 'folder') return false;
    await found.handle.close();
    return true;
  }

  /** `/sub` is `/sub/` where that has an index: relative links in it would lead astray otherwise. */
  async #folder(path: AssetPath, { query }: AssetAsk): Promise<InvocationReply | null> {
    const found = await this.#directory.open([...path.segments, index]);
    if (found === null || found === 'folder') return null;
    await found.handle.close();
    const headers = {
      location: folderLocation(path, query),
      'cache-control': 'public, max-age=0, must-revalidate',
    };
    return { status: 308, headers, body: null, proxy: null };
  }

  async #file(segments: readonly string[], request: IncomingMessage): Promise<InvocationReply | null> {
    const found = await this.#directory.open(segments);
    return found === null || found === 'folder' ? null : this.#reply(found, segments, request);
  }

  async #reply(
    asset: OpenAsset,
    segments: readonly string[],
    request: IncomingMessage,
  ): Promise<InvocationReply> {
    const copy = isWorthPacking(contentTypeOf(segments.at(-1) ?? ''))
      ? await this.#packedCopy(asset, segments, request)
      : null;
    if (copy === null) return assetReply(asset, { segments, coding: null, status: 200 }, request);
    await asset.handle.close();
    return assetReply(copy.asset, { segments, coding: copy.coding, status: 200 }, request);
  }

  async #packedCopy(
    asset: OpenAsset,
    segments: readonly string[],
    request: IncomingMessage,
  ): Promise<{ readonly asset: OpenAsset; readonly coding: Coding } | null> {
    const accept = request.headers['accept-encoding'];
    const folder = segments.slice(0, -1);
    const name = segments.at(-1) ?? '';
    for (const { coding, suffix } of packed) {
      if (!acceptsCoding(typeof accept === 'string' ? accept : undefined, coding)) continue;
      const copy = await this.#directory.open([...folder, `${name}${suffix}`]);
      if (copy === null || copy === 'folder') continue;
      // One that is older than its file was made from another content.
      if (copy.mtimeMs >= asset.mtimeMs) return { asset: copy, coding };
      await copy.handle.close();
    }
    return null;
  }
}
