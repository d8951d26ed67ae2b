// `prepack`: compiles the product to JavaScript under dist/lib, in the folder shape of the checkout, for the npm package.
// Node does not strip types below node_modules, so the package carries no TypeScript.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attackProgramsOf, attacksFolder, dataFilesOf, repositoryRoot } from './repository.ts';

const library = join(repositoryRoot, 'dist', 'lib');

/** Runs the compiler of the repository; it checks types too, so that a package with a type error is never made. */
function compile(): boolean {
  const compiler = join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = join(repositoryRoot, 'src', 'release', 'tsconfig.json');
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
  return status === 0;
}

/** Schemas, the other languages' worker programs and their rows of data, what `fastfn prove` attacks with. */
function copyData(): void {
  for (const folder of ['src', 'runtimes']) {
    for (const file of dataFilesOf(join(repositoryRoot, folder))) {
      if (folder === 'src' && file.startsWith('release/')) continue;
      cpSync(join(repositoryRoot, folder, file), join(library, folder, file));
    }
  }
  for (const file of attackProgramsOf(repositoryRoot)) {
    cpSync(join(repositoryRoot, attacksFolder, file), join(library, attacksFolder, file));
  }
}

rmSync(library, { recursive: true, force: true });
if (compile()) copyData();
else process.exitCode = 1;
