// A request target (RFC 9112 3.2) split into what routing needs, nothing decoded but the path shown to handlers.

import { GatewayError } from '../errors.ts';

export interface RequestTarget {
  /** As sent, without query: starts with `/` unless the target is `*` or broken. */
  readonly rawPath: string;
  /** Without `?`. */
  readonly query: string;
  /** Authority of an absolute target, which beats the Host header; null for the usual form. */
  readonly authority: string | null;
}

/** Letters of RFC 3986 `host [":" port]`, which is all that Host may hold. No user: nobody may hide the host behind one. */
const authorityText = /^[A-Za-z0-9._~!$&'()*+,;=:%[\]-]*$/;

/** Host may be empty (RFC 9110 7.2). */
export function isAuthority(text: string): boolean {
  return authorityText.test(text);
}

/** @throws GatewayError bad_request for an absolute target without a valid host */
export function parseTarget(target: string): RequestTarget {
  const absolute = target.startsWith('/') ? null : /^https?:\/\/([^/?#]*)(.*)$/is.exec(target);
  const origin = absolute === null ? target : (absolute[2] ?? '');
  const at = origin.indexOf('?');
  const rawPath = at === -1 ? origin : origin.slice(0, at);
  if (absolute !== null && (absolute[1] === '' || !isAuthority(absolute[1] ?? '')))
    throw new GatewayError('bad_request');
  return {
    rawPath: rawPath === '' && absolute !== null ? '/' : rawPath,
    query: at === -1 ? '' : origin.slice(at + 1),
    authority: absolute === null ? null : (absolute[1] ?? '').toLowerCase(),
  };
}

/**
 * `event.path`: each segment decoded once, doubled slashes and dot segments resolved as routing does.
 * @throws GatewayError bad_request for a malformed `%`
 */
export function decodePath(rawPath: string): string {
  if (!/%|\/[/.]/.test(rawPath)) return rawPath;
  const segments: string[] = [];
  for (const part of rawPath.split('/')) {
    const segment = decodeSegment(part);
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const path = `/${segments.join('/')}`;
  return rawPath.endsWith('/') && path !== '/' ? `${path}/` : path;
}

function decodeSegment(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new GatewayError('bad_request', { cause });
  }
}

/** Spelled exactly as the control plane's own routes are; any other spelling of them is nobody's. */
const controlTarget =
  /^\/(?:(?:_fn|console|system\/metrics)(?:\/[A-Za-z0-9._~@:/-]*)?|openapi\.json)(?:\?|$)/;

export function isControlTarget(target: string): boolean {
  // `/_`, `/c`, `/o` or `/s`: these letters tell almost every other request apart.
  const second = target.charCodeAt(1);
  const isLikely = second === 0x5f || second === 0x63 || second === 0x6f || second === 0x73;
  return isLikely && controlTarget.test(target);
}
