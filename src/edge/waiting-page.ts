// The answer for people whose function is not built yet, or cannot be: the page for browsers beside the JSON for programs
// (contract/dependencies.md 1 and 3.3). It asks again by itself while something is under way.

import type { GatewayError } from '../errors.ts';

/** A client that takes HTML says so by name; a wildcard alone gets JSON. */
export function wantsPage(accept: string | undefined): boolean {
  return accept?.toLowerCase().includes('text/html') === true;
}

export function waitingPage(error: GatewayError, requestId: string): string {
  const seconds = error.headers['Retry-After'];
  const refresh = seconds === undefined ? '' : `<meta http-equiv="refresh" content="${escapeHtml(seconds)}">`;
  const title = seconds === undefined ? 'Not available' : 'One moment';
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">${refresh}<title>${title}</title>`,
    '<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem}',
    'pre{white-space:pre-wrap;overflow-wrap:anywhere}small{color:#666}</style></head>',
    `<body><h1>${title}</h1><pre>${escapeHtml(error.message)}</pre>`,
    `<small>${escapeHtml(requestId)}</small></body></html>\n`,
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
