// Functions trees for tests, written from a table of path → text into a temporary folder.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Tree = Readonly<Record<string, string>>;

export function makeTree(tree: Tree): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-test-')));
  writeTree(root, tree);
  return root;
}

/** Each file comes into its place whole, as editors write: a worker that starts meanwhile must not load half of one. */
export function writeTree(root: string, tree: Tree): void {
  for (const [path, text] of Object.entries(tree)) {
    const file = join(root, path);
    const draft = `${root}.draft`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(draft, text);
    renameSync(draft, file);
  }
}

/** With what was built in it, whose folders are read-only. */
export function removeTree(root: string): void {
  openFolders(join(root, '.fastfn'));
  rmSync(root, { recursive: true, force: true });
}

export function openFolders(folder: string): void {
  if (!existsSync(folder)) return;
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) openFolders(join(folder, entry.name));
  }
}

/** A Node handler that answers with what it was given, and its own name as `file`. */
export function echoJs(file: string): string {
  return `exports.handler = (event) => ({ status: 200, headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ file: ${JSON.stringify(file)}, event }) });\n`;
}

export function echoPy(file: string): string {
  return `import json\ndef handler(event):\n    return {"status": 200, "headers": {"content-type": "application/json"}, "body": json.dumps({"file": ${JSON.stringify(file)}, "event": event})}\n`;
}

/** Every listed file, each an echo of its own name. */
export function echoTree(...files: readonly string[]): Tree {
  return Object.fromEntries(files.map((file) => [file, file.endsWith('.py') ? echoPy(file) : echoJs(file)]));
}
