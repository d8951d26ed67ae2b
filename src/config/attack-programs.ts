// The programs of the attack corpus, as text, in all three forms of the product: files of the checkout or of the npm
// package, assets of the binary.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getAsset } from 'node:sea';
import type { Layout } from './layout.ts';

const folder = 'fixtures/attacks';

/** @param path below the corpus, for example `files/handler.py`. Throws where the product was taken apart. */
export function readAttackProgram({ codeRoot }: Layout, path: string): string {
  return codeRoot === null
    ? getAsset(`${folder}/${path}`, 'utf8')
    : readFileSync(join(codeRoot, folder, path), 'utf8');
}
