// Whether a request is a browser on its way to a page, which a single-page application answers by its shell
// (contract/assets-home-openapi.md A4), and not a script or an image that would be misled by one.

import type { IncomingHttpHeaders } from 'node:http';

type NavigationHeaders = Pick<IncomingHttpHeaders, 'accept'> & {
  readonly 'sec-fetch-mode'?: string | string[] | undefined;
  readonly 'sec-fetch-dest'?: string | string[] | undefined;
};

/** @param segments of the path, decoded */
export function isNavigation(segments: readonly string[], headers: NavigationHeaders): boolean {
  if (!isPage(segments)) return false;
  const { accept, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers;
  // Browsers that say what they are after are believed; a fetch of theirs says `cors`.
  if (mode !== undefined || destination !== undefined)
    return mode === 'navigate' || destination === 'document';
  return accept === undefined || /text\/html|\*\/\*/i.test(accept);
}

/** Whether a page of one's own may stand in for the gateway's JSON: only for those who ask for pages. */
export function wantsPage(segments: readonly string[], headers: NavigationHeaders): boolean {
  return isNavigation(segments, headers) && /text\/html/i.test(headers.accept ?? '');
}

/** Neither below `/api` nor named like a file nor hidden. */
function isPage(segments: readonly string[]): boolean {
  const [first = ''] = segments;
  if (first === 'api' || first.startsWith('api-')) return false;
  if (segments.some((segment) => segment.startsWith('.'))) return false;
  // `/v1.2` is a page, `/logo.png` and `/data.7z` are files.
  return !/\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]+$/.test(segments.at(-1) ?? '');
}
