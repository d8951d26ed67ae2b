// The log of a gateway in a file: its newest lines, and those that come. A file that is rotated away or cut is followed to the
// one that takes its place.

import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogFilter, type LogLine, matches, mayMatch, parseLogLine } from '../../logs/log-line.ts';

type Fields = LogLine['fields'];

export interface FileRequest {
  readonly path: string;
  readonly lines: number;
  readonly filter: LogFilter;
  readonly print: (fields: Fields) => void;
}

const lineFeed = 10;
const chunkBytes = 65_536;
/** As far back as lines are looked for. */
const maxBackBytes = 67_108_864;
/** A longer line is no line of ours. */
const maxLineBytes = 8_388_608;
const pollMs = 250;

/** Prints the newest lines. Throws the system's error for a file that cannot be read. @returns where it ended */
export async function printLast({ path, lines, filter, print }: FileRequest): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for (const fields of await lastLines(file, size, lines, filter)) print(fields);
    return size;
  } finally {
    await file.close();
  }
}

/** Newest last. A line that is still being written counts when it is whole. */
async function lastLines(file: FileHandle, size: number, most: number, filter: LogFilter): Promise<Fields[]> {
  const found: Fields[] = [];
  let carry: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0 && found.length < most && size - end < maxBackBytes; ) {
    const start = Math.max(0, end - chunkBytes);
    const piece = Buffer.concat([await readAt(file, start, end - start), carry]);
    const first = start === 0 ? 0 : piece.indexOf(lineFeed) + 1;
    end = start;
    // No end of a line in it: the line begins further up.
    if (start > 0 && first === 0 && piece.length < maxLineBytes) {
      carry = piece;
      continue;
    }
    carry = piece.subarray(0, first);
    const whole = piece.subarray(first).toString('utf8').split('\n').slice(0, -1);
    for (const line of whole.reverse()) {
      const fields = found.length < most ? fieldsOf(line, filter) : null;
      if (fields !== null) found.push(fields);
    }
  }
  return found.reverse();
}

/** Prints what is added after `from`, until `signal`. */
export async function printNew(request: FileRequest, from: number, signal: AbortSignal): Promise<void> {
  let file = await open(request.path, 'r');
  let offset = from;
  let carry: Buffer = Buffer.alloc(0);
  try {
    while (!signal.aborted) {
      const bytes = await readAt(file, offset, chunkBytes);
      offset += bytes.length;
      carry = printWhole(Buffer.concat([carry, bytes]), request);
      if (bytes.length > 0) continue;
      if (await isReplaced(file, request.path, offset)) {
        await file.close();
        file = await open(request.path, 'r');
        offset = 0;
        carry = Buffer.alloc(0);
        continue;
      }
      await sleep(pollMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    await file.close();
  }
}

/** @returns the beginning of a line that is not whole yet */
function printWhole(bytes: Buffer, { filter, print }: FileRequest): Buffer {
  const end = bytes.lastIndexOf(lineFeed) + 1;
  for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
    const fields = fieldsOf(line, filter);
    if (fields !== null) print(fields);
  }
  const rest = bytes.subarray(end);
  return rest.length > maxLineBytes ? Buffer.alloc(0) : rest;
}

/** Another file has the name now, or this one was cut. While there is none, the old one may still grow. */
async function isReplaced(file: FileHandle, path: string, offset: number): Promise<boolean> {
  const old = await file.stat();
  if (old.size < offset) return true;
  try {
    const fresh = await open(path, 'r');
    const { ino, dev } = await fresh.stat();
    await fresh.close();
    return ino !== old.ino || dev !== old.dev;
  } catch {
    return false;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function fieldsOf(line: string, filter: LogFilter): Fields | null {
  if (line === '' || !mayMatch(line, filter)) return null;
  const fields = parseLogLine(line);
  return fields !== null && matches(fields, filter) ? fields : null;
}
