// The whole of an answer that may still be coming, up to a limit: for callers who want it as one JSON document.

import { isUtf8 } from 'node:buffer';
import type { InvocationReply } from '../invocation/invocation.ts';

export interface CollectedBody {
  readonly bytes: Buffer;
  /** True where the limit, or the end of the stream before its time, cut it off. */
  readonly truncated: boolean;
}

export async function collectBody(body: InvocationReply['body'], maxBytes: number): Promise<CollectedBody> {
  if (body === null) return { bytes: Buffer.alloc(0), truncated: false };
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    const bytes = Buffer.from(body);
    return { bytes: bytes.subarray(0, maxBytes), truncated: bytes.length > maxBytes };
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      // Leaving the loop tells the function that nobody wants more.
      if (size > maxBytes) break;
    }
  } catch {
    // Its status is out: what came is what there is.
    return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), truncated: true };
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), truncated: size > maxBytes };
}

/** `body`, or `body_base64` for what is no text. */
export function shownBody({ bytes, truncated }: CollectedBody): Record<string, unknown> {
  const cut = truncated ? { truncated } : {};
  if (isUtf8(bytes) && !bytes.includes(0)) return { body: bytes.toString('utf8'), ...cut };
  return { is_base64: true, body_base64: bytes.toString('base64'), ...cut };
}
