// Stored credentials and the one question asked of them (contract/control-plane.md 3): scrypt, PBKDF2-SHA-256 and the older
// plain SHA-256, or a password as it is. Every question costs as much as a right answer would.

import { createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export interface Verifier {
  matches(password: string): Promise<boolean>;
}

const hex = '(?:[0-9a-fA-F]{2})';
const pbkdf2Text = new RegExp(`^pbkdf2-sha256:(\\d{1,8}):(${hex}{8,64}):(${hex}{32})$`);
const scryptText = new RegExp(`^scrypt:(\\d{1,8}):(\\d{1,2}):(\\d{1,2}):(${hex}{8,64}):(${hex}{32,64})$`);
const sha256Text = new RegExp(`^(?:sha256:)?(${hex}{32})$`);

/** Below it a hash can be tried too often a second (OWASP asks for more; this is the contract's floor). */
const minIterations = 100_000;
const maxIterations = 10_000_000;
/** 2^14 × r 8 is the least that scrypt's author meant for logins; the other bounds keep one try below 256 MiB. */
const minScryptCost = 16_384;
const maxScryptBytes = 268_435_456;
const maxScryptParallel = 16;

/** null for text that is no hash, or one too weak. */
export function parsePasswordHash(text: string): Verifier | null {
  return parseScrypt(text) ?? parsePbkdf2(text) ?? parseSha256(text);
}

/** A password that is configured as it is. */
export function plainPassword(expected: string): Verifier {
  const digest = sha256(expected);
  return { matches: async (password) => timingSafeEqual(sha256(password), digest) };
}

function parseScrypt(text: string): Verifier | null {
  const [, cost, block, parallel, salt = '', digest = ''] = scryptText.exec(text) ?? [];
  const [N, r, p] = [Number(cost), Number(block), Number(parallel)];
  const isPower = N > 1 && (N & (N - 1)) === 0;
  const fits = 128 * N * r <= maxScryptBytes && p <= maxScryptParallel && p > 0 && r > 0;
  if (!isPower || N < minScryptCost || !fits) return null;
  const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);
  return verifier(digest, (password, bytes) =>
    derive(password, Buffer.from(salt, 'hex'), bytes, { N, r, p, maxmem: maxScryptBytes + 16_777_216 }),
  );
}

function parsePbkdf2(text: string): Verifier | null {
  const [, count, salt = '', digest = ''] = pbkdf2Text.exec(text) ?? [];
  const iterations = Number(count);
  if (!(iterations >= minIterations && iterations <= maxIterations)) return null;
  const derive = promisify(pbkdf2);
  return verifier(digest, (password, bytes) =>
    derive(password, Buffer.from(salt, 'hex'), iterations, bytes, 'sha256'),
  );
}

function parseSha256(text: string): Verifier | null {
  const digest = sha256Text.exec(text)?.[1];
  return digest === undefined ? null : verifier(digest, async (password) => sha256(password));
}

function verifier(digestHex: string, derive: (password: string, bytes: number) => Promise<Buffer>): Verifier {
  const digest = Buffer.from(digestHex, 'hex');
  return { matches: async (password) => timingSafeEqual(await derive(password, digest.length), digest) };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
