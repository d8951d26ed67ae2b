// What an answer frame says, checked (layout: messages.ts). Functions mostly answer with the same headers: a block that has
// been checked once is known by its bytes. Promises the same as worker-message.ts.

import { isUtf8 } from 'node:buffer';
import { inlineBodyBytes, maxHeadersTotalBytes } from './limits.ts';
import type { FramedBody, ResultMessage } from './messages.ts';
import { badStatus, type CheckedHeaders, checkHeaders } from './result-headers.ts';
import type { InvalidResult, MessageFault } from './worker-message.ts';

/** Tag, u32 id, u16 status and u32 length of the header block. */
export const answerPrefixBytes = 11;
/** Blocks remembered for one connection, and the longest of them: at most 32 KiB, whatever a worker makes up. */
const maxKnownBlocks = 64;
const maxKnownBytes = 512;

export class AnswerReader {
  /** By their bytes as Latin-1; frozen, as many results share them. */
  readonly #known = new Map<string, CheckedHeaders>();

  /** Takes an answer frame's payload; the body is a slice of it. */
  read(payload: Buffer): ResultMessage | InvalidResult | MessageFault {
    if (payload.length < answerPrefixBytes) return fault('answer without its prefix');
    const id = payload.readUInt32BE(1);
    const status = payload.readUInt16BE(5);
    const blockBytes = payload.readUInt32BE(7);
    const bodyAt = answerPrefixBytes + blockBytes;
    if (id === 0) return fault('answer without an invocation id');
    if (blockBytes > maxHeadersTotalBytes) return fault(`answer with a header block of ${blockBytes} bytes`);
    if (bodyAt > payload.length) return fault('answer with a header block beyond its end');
    if (payload.length - bodyAt > inlineBodyBytes) return fault(`answer of over ${inlineBodyBytes} bytes`);
    const block = payload.toString('latin1', answerPrefixBytes, bodyAt);
    const checked = this.#known.get(block) ?? this.#check(block);
    if (checked === null) return fault('answer with a header block that is not JSON');
    const body: FramedBody = { kind: 'bytes', bytes: payload.subarray(bodyAt) };
    if (status < 100 || status > 599) return { type: 'invalid_result', id, body, reason: badStatus };
    const { headers, refused } = checked;
    if (headers === null) return { type: 'invalid_result', id, body, reason: refused };
    return { type: 'result', id, status, headers, body };
  }

  #check(block: string): CheckedHeaders | null {
    const value = parse(Buffer.from(block, 'latin1'));
    if (value === undefined) return null;
    const checked = checkHeaders(value);
    if (checked.headers !== null) Object.freeze(checked.headers);
    if (block.length > maxKnownBytes) return checked;
    if (this.#known.size >= maxKnownBlocks) this.#known.clear();
    this.#known.set(block, checked);
    return checked;
  }
}

/** Undefined where it is no JSON. */
function parse(block: Buffer): unknown {
  if (!isUtf8(block)) return undefined;
  try {
    return JSON.parse(block.toString('utf8'));
  } catch {
    return undefined;
  }
}

function fault(reason: string): MessageFault {
  return { type: 'fault', reason };
}
