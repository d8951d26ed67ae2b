// The bytes of an open file as the body of an answer: small ones whole, others piece by piece. Owns the descriptor from here on.

import type { FileHandle } from 'node:fs/promises';

/** Up to this many bytes one read is cheaper than a stream. */
const wholeBytes = 65_536;

export async function fileBody(
  handle: FileHandle,
  start: number,
  bytes: number,
): Promise<Buffer | AsyncIterable<Buffer>> {
  if (bytes > wholeBytes) return streamedBody(handle, start, bytes);
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, start);
  await handle.close();
  // Cut short since it was opened: better no answer than one of another length.
  if (bytesRead < bytes) throw new Error('cannot read the whole file: it has been cut short');
  return buffer;
}

/** For HEAD: nothing to read, where the length alone counts. */
export async function* emptyBody(): AsyncGenerator<Buffer> {}

function streamedBody(handle: FileHandle, start: number, bytes: number): AsyncIterable<Buffer> {
  const stream = handle.createReadStream({ start, end: start + bytes - 1, highWaterMark: wholeBytes });
  // Told to whoever reads; without a reader nobody is to be told.
  stream.on('error', () => {});
  return {
    [Symbol.asyncIterator]() {
      const inner = stream.iterator();
      return {
        next: () => inner.next() as Promise<IteratorResult<Buffer>>,
        // The stream's own iterator leaves the file open when it is given up before the first read.
        return: () => {
          stream.destroy();
          return Promise.resolve({ done: true as const, value: undefined });
        },
      };
    },
  };
}
