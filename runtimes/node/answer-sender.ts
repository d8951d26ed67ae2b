// Sends one answer: in one frame where it fits, else as chunks within the receiver's credit. Promises that every answer it
// begins is ended, by its last chunk or by throwing, which the caller turns into an error message.

import { afterTurn, isUtf8, readText } from './builtins.ts';
import type { Connection } from './connection.ts';
import { contentType } from './headers.ts';
import type { Invocation } from './invocation.ts';
import { inlineBodyBytes, maxChunkBytes, maxHeadersTotalBytes } from './limits.ts';
import { fitsInline, headerBlock, type ResultHead, resultWithStream, resultWithText } from './message.ts';
import { openPieces, type PieceSource, type Pieces } from './pieces.ts';
import { type Answer, toBytes, withPieceType } from './result.ts';
import { isWithin } from './text.ts';

const noBytes = Buffer.alloc(0);

/** Returns a promise only when the answer could not be sent in full at once. */
export function sendAnswer(
  connection: Connection,
  invocation: Invocation,
  answer: Answer,
): Promise<void> | undefined {
  const { head, body } = answer;
  if (typeof body === 'string') {
    if (!fitsInline(body)) return sendBytes(connection, invocation, head, Buffer.from(body));
    if (!sendFramed(connection, invocation, head, body))
      connection.send(resultWithText(invocation.id, head, body));
    return undefined;
  }
  if (Buffer.isBuffer(body)) return sendWhole(connection, invocation, head, body);
  return sendPieces(connection, invocation, head, body);
}

function sendWhole(
  connection: Connection,
  invocation: Invocation,
  head: ResultHead,
  bytes: Buffer,
): Promise<void> | undefined {
  if (bytes.length > inlineBodyBytes) return sendBytes(connection, invocation, head, bytes);
  if (sendFramed(connection, invocation, head, bytes)) return undefined;
  if (!isUtf8(bytes)) return sendBytes(connection, invocation, head, bytes);
  connection.send(resultWithText(invocation.id, head, readText(bytes, 'utf8', 0, bytes.length)));
  return undefined;
}

/** False where an answer frame cannot say it. `body` must be within `inlineBodyBytes`. */
function sendFramed(
  connection: Connection,
  { id }: Invocation,
  { status, headers, proxy }: ResultHead,
  body: string | Buffer,
): boolean {
  const block = headerBlock(headers);
  if (proxy !== null || !isWithin(block, maxHeadersTotalBytes)) return false;
  connection.sendAnswer(id, status, block, body);
  return true;
}

async function sendBytes(connection: Connection, invocation: Invocation, head: ResultHead, bytes: Buffer) {
  connection.send(resultWithStream(invocation.id, head, bytes.length));
  await sendChunks(connection, invocation, bytes);
  endBody(connection, invocation);
}

async function sendPieces(
  connection: Connection,
  invocation: Invocation,
  head: ResultHead,
  source: PieceSource,
): Promise<void> {
  const pieces = openPieces(source);
  invocation.onCancel = pieces.stop;
  try {
    const { known, early, next } = await gatherEarly(invocation, head, pieces);
    if (next === null) return await sendWhole(connection, invocation, known, early);
    connection.send(resultWithStream(invocation.id, known, null));
    await sendChunks(connection, invocation, early);
    for (let step = await next; step.done !== true; step = await pieces.next()) {
      await sendChunks(connection, invocation, pieceBytes(step.value));
    }
    endBody(connection, invocation);
  } catch (failure) {
    pieces.stop();
    throw failure;
  }
}

interface Early {
  /** With the type that the first piece shows, where the handler named none. */
  readonly known: ResultHead;
  readonly early: Buffer;
  /** The piece that is being waited for; null when the body is whole. */
  readonly next: Promise<IteratorResult<unknown>> | null;
}

/**
 * What is there within one turn: most bodies are whole by then and cost one frame. An answer whose type nobody knows yet
 * waits for its first piece.
 */
async function gatherEarly(invocation: Invocation, head: ResultHead, pieces: Pieces): Promise<Early> {
  const early: Buffer[] = [];
  let size = 0;
  let known = contentType(head.headers) === '' ? null : head;
  for (;;) {
    const next = pieces.next();
    // It may be left waiting when the answer is broken off; whoever waits for it hears of its failure all the same.
    next.catch(() => {});
    const step = await (known === null ? next : Promise.race([next, turn()]));
    refuseUnwanted(invocation);
    if (step?.done === true) return { known: known ?? head, early: Buffer.concat(early), next: null };
    if (step === undefined) return { known: known ?? head, early: Buffer.concat(early), next };
    const piece = pieceBytes(step.value);
    known ??= withPieceType(head, step.value);
    early.push(piece);
    size += piece.length;
    if (size > inlineBodyBytes) return { known, early: Buffer.concat(early), next: pieces.next() };
  }
}

async function sendChunks(connection: Connection, invocation: Invocation, bytes: Buffer): Promise<void> {
  const { window } = invocation;
  let at = 0;
  while (at < bytes.length) {
    refuseUnwanted(invocation);
    const size = window.take(Math.min(bytes.length - at, maxChunkBytes));
    if (size === 0) {
      await window.more();
      continue;
    }
    connection.sendChunk(invocation.id, bytes.subarray(at, at + size));
    at += size;
  }
}

function endBody(connection: Connection, invocation: Invocation): void {
  refuseUnwanted(invocation);
  connection.sendChunk(invocation.id, noBytes);
}

/** A cancelled answer has had its end already: one more frame of it would be a fault of the protocol. */
function refuseUnwanted(invocation: Invocation): void {
  if (invocation.cancelled !== null) throw new Error('answer broken off: the invocation was cancelled');
}

function pieceBytes(piece: unknown): Buffer {
  if (typeof piece === 'string') return Buffer.from(piece);
  const bytes = toBytes(piece);
  if (bytes === null) throw new Error('a streamed body must consist of strings or bytes');
  return bytes;
}

/** Resolves to nothing once everything that is ready now has had its turn. */
function turn(): Promise<undefined> {
  return new Promise((resolve) => afterTurn(() => resolve(undefined)));
}
