// Turns our TypeScript programs into plain JavaScript files in a folder. Node strips types by itself, but that costs
// 45 ms in every process, and its compile cache is off under --permission unless the worker may write the cache; a
// worker that can write what other workers execute is not a worker we want.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

/** `from './x.ts'`, `import './x.ts'`, `import('./x.ts')`; JSON files likewise. Types are gone when this is applied. */
const relativeImport = /(\b(?:from|import)\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+\.(?:ts|json))\2/g;

/** Most files that programs may consist of; ours have a few dozen each. */
const maxFiles = 500;

function writeNew(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, text, { mode: 0o444 });
}

/** Strips one file to its place and tells which files it imports (absolute). */
function stripFile(source: string, target: string): string[] {
  const imports: string[] = [];
  const script = stripTypeScriptTypes(readFileSync(source, 'utf8'));
  const text = script.replace(relativeImport, (_all, head: string, quote: string, specifier: string) => {
    imports.push(resolve(dirname(source), specifier));
    return `${head}${quote}${specifier.replace(/\.ts$/, '.js')}${quote}`;
  });
  writeNew(target, text);
  return imports;
}

/**
 * Writes `entries` and all that they import below `codeRoot` to the same places below `targetRoot`, each file once; returns
 * the paths of the written entries. The caller owns `targetRoot`. Throws where a file cannot be read or written.
 */
export function stripPrograms(entries: readonly string[], codeRoot: string, targetRoot: string): string[] {
  const queue = [...entries];
  const seen = new Set(queue);
  for (const file of queue) {
    const target = join(targetRoot, relative(codeRoot, file));
    if (file.endsWith('.json')) {
      mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
      copyFileSync(file, target);
      continue;
    }
    for (const imported of stripFile(file, target.replace(/\.ts$/, '.js'))) {
      if (seen.has(imported)) continue;
      seen.add(imported);
      queue.push(imported);
    }
    if (queue.length > maxFiles) throw new Error(`cannot strip ${file}: more than ${maxFiles} files`);
  }
  return entries.map((entry) => join(targetRoot, relative(codeRoot, entry)).replace(/\.ts$/, '.js'));
}
