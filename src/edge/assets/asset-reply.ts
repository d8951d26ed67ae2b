// An opened file as an answer: conditions, ranges and the stream are @fastify/send's, asked for the descriptor itself; names,
// types and cache times are ours (contract/assets-home-openapi.md A5). Promises that the descriptor is closed in every case.

import { ReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { send } from '@fastify/send';
import { GatewayError } from '../../errors.ts';
import type { InvocationReply } from '../../invocation/invocation.ts';
import type { Coding } from '../accept-encoding.ts';
import { cacheControlOf, contentTypeOf, isWorthPacking } from './content-type.ts';
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
  let isStreaming = false;
  try {
    const sent = await send(facts.status === 200 ? request : plain(request), `/proc/self/fd/${handle.fd}`, {
      dotfiles: 'allow',
      index: false,
      cacheControl: false,
      contentType: false,
    });
    if (sent.type === 'error') throw refusal(sent.statusCode, sent.headers);
    const body = sent.stream;
    isStreaming = body instanceof ReadStream;
    if (body instanceof ReadStream) closeWhenReopened(handle, body);
    return reply(sent.statusCode, sent.headers, body, facts);
  } finally {
    if (!isStreaming) await handle.close().catch(() => {});
  }
}

/** Without its conditions: they are about the file that was asked for, which is another. */
function plain({ method }: IncomingMessage): IncomingMessage {
  return { method, headers: {} } as unknown as IncomingMessage;
}

/** The stream opens the descriptor's file once more by way of /proc; until then ours must stay. */
function closeWhenReopened(handle: FileHandle, stream: ReadStream): void {
  const close = (): void => {
    handle.close().catch(() => {});
  };
  stream.once('ready', close);
  stream.once('error', close);
}

function reply(
  status: number,
  sentHeaders: Readonly<Record<string, unknown>>,
  stream: Readable,
  facts: AssetFacts,
): InvocationReply {
  const type = contentTypeOf(facts.segments.at(-1) ?? '');
  const headers: Record<string, string> = {
    'cache-control': facts.status === 200 ? cacheControlOf(facts.segments) : 'no-store',
    'x-content-type-options': 'nosniff',
    ...(isWorthPacking(type) ? { vary: 'Accept-Encoding' } : {}),
  };
  for (const [name, value] of Object.entries(sentHeaders)) headers[name.toLowerCase()] = String(value);
  const length = headers['content-length'];
  delete headers['content-length'];
  if (status === 304) return { status, headers, body: null, proxy: null };
  headers['content-type'] = type;
  if (facts.coding !== null) headers['content-encoding'] = facts.coding;
  const body = new FileBody(stream);
  const answered = facts.status === 200 ? status : facts.status;
  return { status: answered, headers, body, bodyBytes: Number(length), proxy: null };
}

function refusal(status: number, headers: Readonly<Record<string, unknown>>): GatewayError {
  if (status === 412) return new GatewayError('precondition_failed');
  if (status !== 416) return new GatewayError('not_found');
  return new GatewayError('range_not_satisfiable', {
    headers: { 'Content-Range': String(headers['Content-Range'] ?? 'bytes */*') },
  });
}

/** A stream's own iterator leaves the file open when it is given up before the first read. */
class FileBody implements AsyncIterable<Buffer> {
  readonly #stream: Readable;

  constructor(stream: Readable) {
    this.#stream = stream;
    // Told to whoever reads; without a reader nobody is to be told.
    stream.on('error', () => {});
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    const stream = this.#stream;
    const inner = stream.iterator();
    return {
      next: () => inner.next() as Promise<IteratorResult<Buffer>>,
      return: () => {
        stream.destroy();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
