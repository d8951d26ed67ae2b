// The name of a build by what goes into it: equal inputs, equal key, whatever their paths and times.

import { createHash } from 'node:crypto';

/** SHA-256, hex, of named parts in the order given; each is framed by its length, so that no two lists look alike. */
export function contentKey(parts: Iterable<readonly [name: string, content: string | Uint8Array]>): string {
  const hash = createHash('sha256');
  for (const [name, content] of parts) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    hash.update(`${Buffer.byteLength(name)} ${name} ${bytes.byteLength}\n`).update(bytes);
  }
  return hash.digest('hex');
}
