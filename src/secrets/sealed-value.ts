// One value at rest: AES-256-GCM (NIST SP 800-38D) with a fresh nonce, bound to the name and version that it belongs to, so
// that no value can be moved to another name or put back in the place of a newer one.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SecretKey } from './secret-key.ts';

export interface SealedValue {
  /** 1, 2, 3 … of this secret. */
  readonly version: number;
  /** Epoch ms. */
  readonly created: number;
  /** Id of the key. */
  readonly key: string;
  /** Base64; never used twice, so it also tells this value from every other. */
  readonly nonce: string;
  /** Base64: what is sealed, and the tag behind it. */
  readonly data: string;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

function bindingOf(name: string, version: number, key: string): Buffer {
  return Buffer.from(JSON.stringify(['fastfn secret', name, version, key]));
}

export function seal(
  name: string,
  value: string,
  { version, created }: Pick<SealedValue, 'version' | 'created'>,
  key: SecretKey,
): SealedValue {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes });
  cipher.setAAD(bindingOf(name, version, key.id));
  const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const text = { nonce: nonce.toString('base64'), data: data.toString('base64') };
  return { version, created, key: key.id, ...text };
}

/** null: none of the keys opens it, or it is not what was sealed. */
export function unseal(name: string, sealed: SealedValue, keys: readonly SecretKey[]): string | null {
  const key = keys.find(({ id }) => id === sealed.key);
  const data = Buffer.from(sealed.data, 'base64');
  const nonce = Buffer.from(sealed.nonce, 'base64');
  if (key === undefined || data.length < tagBytes || nonce.length !== nonceBytes) return null;
  try {
    const decipher = createDecipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes });
    decipher.setAAD(bindingOf(name, sealed.version, sealed.key));
    decipher.setAuthTag(data.subarray(-tagBytes));
    return Buffer.concat([decipher.update(data.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
