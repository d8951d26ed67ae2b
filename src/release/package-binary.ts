// `npm run package`: makes dist/fastfn, the product as one file for hosts without Node.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeBinary } from './make-binary.ts';
import { productEntries } from './make-bundles.ts';
import { repositoryRoot } from './repository.ts';

const output = join(repositoryRoot, 'dist', 'fastfn');
await makeBinary(productEntries, output);
process.stdout.write(`${output} (${Math.round(statSync(output).size / 1e6)} MB)\n`);
