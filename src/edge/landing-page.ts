// The page on `/` where nothing else answers: what there is, for whoever has just started the program. Only where the operator
// wants it (on in dev): a stranger has no business with the list of routes.

import type { Route } from '../discovery/catalog.ts';
import type { InvocationReply } from '../invocation/invocation.ts';

const maxRoutes = 500;
/** Nothing on it runs or loads anything. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** @param accept the request's `Accept`: JSON for those who ask for it and not for pages */
export function landingReply(routes: readonly Route[], accept: string | undefined): InvocationReply {
  const listed = routes.slice(0, maxRoutes).map(({ methods, pattern }) => ({ methods, route: pattern }));
  const isJson = accept !== undefined && /application\/json/i.test(accept) && !/text\/html/i.test(accept);
  const headers = {
    'cache-control': 'no-store',
    'content-type': isJson ? 'application/json' : 'text/html; charset=utf-8',
    ...(isJson ? {} : { 'content-security-policy': policy, 'x-content-type-options': 'nosniff' }),
  };
  const body = isJson ? JSON.stringify({ name: 'fastfn', routes: listed }) : page(listed);
  return { status: 200, headers, body, proxy: null };
}

function page(routes: readonly { readonly methods: readonly string[]; readonly route: string }[]): string {
  const rows = routes.map(({ methods, route }) => {
    const text = escapeHtml(route);
    // A pattern is no address.
    const isLink = methods.includes('GET') && !/[:*]/.test(route);
    const shown = isLink ? `<a href="${escapeHtml(encodeURI(route))}">${text}</a>` : text;
    return `<tr><td>${methods.join(' ')}</td><td>${shown}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>fastfn</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:46rem;padding:0 1rem}
td{padding:.1rem 1.5rem .1rem 0;font-family:ui-monospace,monospace}</style></head>
<body><h1>fastfn</h1>
<p><a href="/_fn/docs">API documentation</a> · <a href="/_fn/health">health</a> · <a href="/console">console</a></p>
<table>${rows.join('\n')}</table>
</body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
