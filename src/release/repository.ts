// Where things are in the checkout that a release is made from, and which files besides code a release carries.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export const repositoryRoot = join(import.meta.dirname, '..', '..');

/** Folders that appear when a language runs its files in place; nothing in them is ours. */
const generatedFolders = new Set(['__pycache__', 'node_modules', 'target', 'vendor']);

/** Every file below `folder` that is not TypeScript, relative to it, sorted, so that two builds are alike. */
export function dataFilesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts') && !entry.name.endsWith('.md'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !file.split('/').some((part) => generatedFolders.has(part)))
    .sort();
}

/** Where the programs of the attack corpus are, in the repository and in every form of the product. */
export const attacksFolder = join('fixtures', 'attacks');

/** Programs that `fastfn prove` runs as functions: those in the languages that have a worker of their own. */
export function attackProgramsOf(root: string): string[] {
  return dataFilesOf(join(root, attacksFolder)).filter((file) => /\.(?:py|js|php|lua)$/.test(file));
}
