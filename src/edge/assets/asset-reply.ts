// An opened file as an answer: conditions and ranges are @fastify/send's, asked about the descriptor itself; names, types, cache
// times and the bytes are ours (contract/assets-home-openapi.md A5). Promises that the descriptor is closed in every case.

import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { send } from '@fastify/send';
import { GatewayError } from '../../errors.ts';
import type { InvocationReply } from '../../invocation/invocation.ts';
import type { Coding } from '../accept-encoding.ts';
import { cacheControlOf, contentTypeOf, isWorthPacking } from './content-type.ts';
import { emptyBody, fileBody } from './file-body.ts';
import type { OpenAsset } from './open-asset.ts';

export interface AssetFacts {
  /** Names the file's type, also where a packed copy of it is sent. */
  readonly segments: readonly string[];
  /** Of the copy that is sent; null = as it is. */
  readonly coding: Coding | null;
  /** 404 for the page that says so; conditions and ranges count only with 200. */
  readonly status: 200 | 404;
}

/** @throws GatewayError precondition_failed, range_not_satisfiable */
export async function assetReply(
  asset: OpenAsset,
  facts: AssetFacts,
  request: IncomingMessage,
): Promise<InvocationReply> {
  const { handle } = asset;
  try {
    // As HEAD: of the file only the head is asked for, and nothing is opened by name.
    const asked = { method: 'HEAD', headers: facts.status === 200 ? request.headers : {} };
    const sent = await send(asked as unknown as IncomingMessage, `/proc/self/fd/${handle.fd}`, {
      dotfiles: 'allow',
      index: false,
      cacheControl: false,
      contentType: false,
    });
    if (sent.type === 'error') throw refusal(sent.statusCode, sent.headers);
    return await reply({ status: sent.statusCode, headers: sent.headers, handle }, facts, request);
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }
}

interface SentHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly handle: FileHandle;
}

async function reply(sent: SentHead, facts: AssetFacts, request: IncomingMessage): Promise<InvocationReply> {
  const { handle } = sent;
  const type = contentTypeOf(facts.segments.at(-1) ?? '');
  const headers: Record<string, string> = {
    'cache-control': facts.status === 200 ? cacheControlOf(facts.segments) : 'no-store',
    'x-content-type-options': 'nosniff',
    ...(isWorthPacking(type) ? { vary: 'Accept-Encoding' } : {}),
  };
  for (const [name, value] of Object.entries(sent.headers)) headers[name.toLowerCase()] = String(value);
  const bytes = Number(headers['content-length'] ?? 0);
  delete headers['content-length'];
  if (sent.status === 304) {
    await handle.close();
    return { status: 304, headers, body: null, proxy: null };
  }
  headers['content-type'] = type;
  if (facts.coding !== null) headers['content-encoding'] = facts.coding;
  const status = facts.status === 200 ? sent.status : facts.status;
  const isHead = request.method === 'HEAD';
  if (isHead) await handle.close();
  const body = isHead ? emptyBody() : await fileBody(handle, startOf(headers['content-range']), bytes);
  return { status, headers, body, bodyBytes: bytes, proxy: null };
}

/** First byte of the range that is sent: `bytes 4-9/12`. */
function startOf(contentRange: string | undefined): number {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? 0);
}

function refusal(status: number, headers: Readonly<Record<string, unknown>>): GatewayError {
  if (status === 412) return new GatewayError('precondition_failed');
  if (status !== 416) return new GatewayError('not_found');
  return new GatewayError('range_not_satisfiable', {
    headers: { 'Content-Range': String(headers['Content-Range'] ?? 'bytes */*') },
  });
}
