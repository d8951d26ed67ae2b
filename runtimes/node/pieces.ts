// The pieces of a body that come one by one, whatever they come from: a web stream, a Node stream, an iterator or generator,
// async or not. Promises that `stop` reaches the source at once where the source can hear it.

import { afterTurn } from './builtins.ts';

export interface Pieces {
  next(): Promise<IteratorResult<unknown>>;
  /** Nobody reads on. */
  stop(): void;
}

/** What a handler may return in place of a whole body. Lists, maps and sets are data, not pieces. */
export type PieceSource = AsyncIterable<unknown> | Iterator<unknown> | ReadableStream;

interface SourceMembers {
  readonly getReader?: unknown;
  readonly next?: unknown;
  readonly destroy?: unknown;
  readonly [Symbol.asyncIterator]?: unknown;
  readonly [Symbol.iterator]?: unknown;
}

/** A source that is always ready lets everybody else have a turn after so many pieces. */
const piecesPerTurn = 64;

export function isPieceSource(value: object): value is PieceSource {
  const source = value as SourceMembers;
  if (typeof source.getReader === 'function' || typeof source[Symbol.asyncIterator] === 'function')
    return true;
  // Data may have a member called `next`: only what can be iterated is an iterator.
  return typeof source.next === 'function' && typeof source[Symbol.iterator] === 'function';
}

/** @throws Error where a web stream has a reader already */
export function openPieces(source: PieceSource): Pieces {
  const members = source as SourceMembers;
  if (typeof members.getReader === 'function') return readerPieces((source as ReadableStream).getReader());
  if (typeof members[Symbol.asyncIterator] !== 'function') return plainPieces(source as Iterator<unknown>);
  const iterator = (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const { destroy } = members;
  return {
    next: () => iterator.next(),
    // A Node stream's iterator, like any async generator, would hear of it only with its next piece.
    stop: () => quietly(() => (typeof destroy === 'function' ? destroy.call(source) : iterator.return?.())),
  };
}

/** Not by the stream's iterator: that would let a cancel wait for the piece that is being waited for. */
function readerPieces(reader: ReadableStreamDefaultReader): Pieces {
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    stop: () => quietly(() => reader.cancel()),
  };
}

function plainPieces(iterator: Iterator<unknown>): Pieces {
  let given = 0;
  return {
    next: async () => {
      given += 1;
      if (given % piecesPerTurn === 0) await new Promise<void>((resolve) => afterTurn(resolve));
      return iterator.next();
    },
    stop: () => quietly(() => iterator.return?.()),
  };
}

/** What a source says to its end is of no interest: there is nowhere left to report to. */
async function quietly(stop: () => unknown): Promise<void> {
  try {
    await stop();
  } catch {
    // As said.
  }
}
