// What a gateway serves beside functions: `/` and static files (contract/assets-home-openapi.md A2, B). Asked twice by the
// pipeline, before a function is looked for and where none was found. Swapped as a whole with the router.

import type { IncomingMessage } from 'node:http';
import type { Catalog, Route } from '../discovery/catalog.ts';
import { parseRequestPath } from '../discovery/request-path.ts';
import { isReservedPath } from '../discovery/reserved-path.ts';
import { GatewayError } from '../errors.ts';
import type { InvocationReply } from '../invocation/invocation.ts';
import { type HomeTarget, type LocalTarget, noHome } from '../policy/home-target.ts';
import { AssetSite } from './assets/asset-site.ts';
import type { HiddenFiles } from './assets/open-asset.ts';
import { landingReply } from './landing-page.ts';
import type { RequestTarget } from './request-target.ts';

export interface SiteOptions {
  readonly catalog: Catalog;
  /** The operator's; beats the folder's. */
  readonly home: HomeTarget;
  readonly landingPage: boolean;
  /** Absolute; nothing in it is ever served. */
  readonly stateDir: string;
}

export class Site {
  readonly #home: HomeTarget;
  readonly #assets: AssetSite | null;
  /** null = no page of ours. */
  readonly #landing: readonly Route[] | null;

  constructor({ catalog, home, landingPage, stateDir }: SiteOptions) {
    this.#home = firstOf(home, catalog.home ?? noHome);
    const { assets = null } = catalog;
    this.#assets = assets === null ? null : new AssetSite(assets, hiddenFiles(catalog, stateDir));
    this.#landing = landingPage && catalog.routes.length > 0 ? catalog.routes : null;
  }

  /** Nothing to ask: the usual case, in which a request goes straight to its function. */
  get isEmpty(): boolean {
    const { function: local, redirect } = this.#home;
    return this.#assets === null && this.#landing === null && local === null && redirect === null;
  }

  /**
   * What comes before functions: an answer, or the target to go on with, which for `/` may be another.
   * @throws GatewayError not_found, method_not_allowed
   */
  async before(request: IncomingMessage, target: RequestTarget): Promise<InvocationReply | RequestTarget> {
    if (!isRootPath(target.rawPath)) return (await this.#firstFile(request, target)) ?? target;
    const { function: local, redirect } = this.#home;
    if (local === null) return redirect === null ? this.#root(request, target) : redirectReply(redirect);
    const moved = { ...target, rawPath: local.path, query: mergedQuery(local, target.query) };
    if (isReservedPath(moved.rawPath)) throw new GatewayError('not_found');
    return (await this.#firstFile(request, moved)) ?? moved;
  }

  /**
   * What is left where no function has the path; null = nothing.
   * @throws GatewayError method_not_allowed
   */
  async after(request: IncomingMessage, target: RequestTarget): Promise<InvocationReply | null> {
    const assets = this.#assets;
    if (assets === null) return null;
    const ask = { request, rawPath: target.rawPath, query: target.query };
    if (isRead(request)) {
      const file = assets.workerFirst ? await assets.exact(ask) : null;
      return file ?? assets.fallback(ask);
    }
    if (!(await assets.has(target.rawPath))) return null;
    if (request.method !== 'OPTIONS')
      throw new GatewayError('method_not_allowed', { headers: { Allow: 'GET, HEAD' } });
    return { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' }, body: null, proxy: null };
  }

  async #firstFile(request: IncomingMessage, target: RequestTarget): Promise<InvocationReply | null> {
    const assets = this.#assets;
    if (assets === null || assets.workerFirst || !isRead(request)) return null;
    return assets.exact({ request, rawPath: target.rawPath, query: target.query });
  }

  /** The index of the files, then our own page, then nothing. */
  async #root(request: IncomingMessage, target: RequestTarget): Promise<InvocationReply> {
    const ask = { request, rawPath: '/', query: target.query };
    const file = isRead(request)
      ? await this.#assets?.exact(ask)
      : await this.after(request, { ...target, rawPath: '/' });
    if (file !== null && file !== undefined) return file;
    if (this.#landing !== null && isRead(request)) return landingReply(this.#landing, request.headers.accept);
    throw new GatewayError('not_found');
  }
}

/** What the operator says counts first; of each source a function before a redirect. */
function firstOf(operator: HomeTarget, folder: HomeTarget): HomeTarget {
  return operator.function !== null || operator.redirect !== null ? operator : folder;
}

function hiddenFiles({ functions, secretInodes = new Set() }: Catalog, stateDir: string): HiddenFiles {
  const sources = new Set([...functions.values()].map(({ entry }) => entry));
  return {
    isHidden: (path) => sources.has(path) || path === stateDir || path.startsWith(`${stateDir}/`),
    secretInodes,
  };
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isRootPath(rawPath: string): boolean {
  if (rawPath === '/') return true;
  // `//`, `/.` and `/%2e` are other ways to write it.
  if (!/^\/(?:[/.]|%2e)/i.test(rawPath)) return false;
  const path = parseRequestPath(rawPath);
  return path.kind === 'ok' && path.segments.length === 0;
}

/** What the client asks for goes over what the target says. */
function mergedQuery(target: LocalTarget, query: string): string {
  if (target.query === '' || query === '') return target.query + query;
  const asked = new Set(query.split('&').map(keyOf));
  const kept = target.query.split('&').filter((pair) => !asked.has(keyOf(pair)));
  return [...kept, query].join('&');
}

function keyOf(pair: string): string {
  return [...new URLSearchParams(pair).keys()][0] ?? '';
}

function redirectReply(location: string): InvocationReply {
  return { status: 302, headers: { location }, body: null, proxy: null };
}
