// House rules about who imports whom: the table of folders, no cycles, no barrels, no packages in programs that start
// workers. Each rule takes files and returns one sentence for each fault.
import { importsOf, type SourceFile, targetOf, withoutComments } from './source-file.ts';

/** `src/` folder → folders it may import. Its own folder is always allowed. */
const importTable: Readonly<Record<string, readonly string[]>> = {
  logs: [],
  tracing: [],
  policy: [],
  // State on disk: replaced whole, appended, bounded.
  store: [],
  secrets: ['store'],
  protocol: [],
  config: ['policy'],
  discovery: ['policy'],
  sandbox: ['policy'],
  // The attack corpus as data and what is told of it; gateway/ runs it.
  prove: ['policy', 'sandbox'],
  workers: ['protocol'],
  build: ['policy', 'store', 'sandbox', 'discovery'],
  supervisor: ['policy', 'sandbox', 'protocol'],
  invocation: ['policy', 'protocol', 'workers', 'discovery'],
  edge: ['policy', 'invocation', 'discovery'],
  jobs: ['store', 'invocation', 'discovery'],
  control: [
    'policy',
    'store',
    'secrets',
    'protocol',
    'config',
    'discovery',
    'sandbox',
    'workers',
    'build',
    'supervisor',
    'invocation',
    'jobs',
  ],
  console: [],
  cli: ['config', 'secrets', 'control'],
  // Makes the npm package and the binary; needs the words by which the binary knows its roles.
  release: ['config'],
};

/** Importable anywhere, and importing nothing of ours but each other. */
const sharedFiles = new Set(['src/errors.ts', 'src/log.ts', 'src/metrics.ts', 'src/clock.ts']);

/** Folders that are like them: what every request leaves behind. */
const sharedFolder = /^src\/(?:logs|tracing)\//;

/** The one place that wires everything; only `cli` starts from it. */
function isWiring(path: string): boolean {
  return path === 'src/gateway.ts' || path.startsWith('src/gateway/');
}

function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function mayImport(from: string, to: string): boolean {
  if (sharedFiles.has(to) || sharedFolder.test(to) || isWiring(from)) return to.startsWith('src/');
  if (sharedFiles.has(from)) return false;
  if (isWiring(to)) return from.startsWith('src/cli/');
  if (from.startsWith('src/config/') && /^runtimes\/[^/]+\/runtime\.json$/.test(to)) return true;
  if (!to.startsWith('src/')) return false;
  const [source, target] = [folderOf(from), folderOf(to)];
  return source === target || (importTable[source] ?? []).includes(target);
}

/** Every relative import of `src/` follows the table; a folder or root file that the table lacks is a fault too. */
export function importTableFaults(files: readonly SourceFile[]): string[] {
  const faults: string[] = [];
  for (const file of files.filter((each) => /^src\/.*\.ts$/.test(each.path))) {
    const atRoot = file.path.split('/').length === 2;
    const inTable = !atRoot && folderOf(file.path) in importTable;
    const known = inTable || sharedFiles.has(file.path) || isWiring(file.path);
    if (!known) faults.push(`${file.path}: this place in src/ is not in the import table`);
    for (const { specifier } of importsOf(file)) {
      const target = targetOf(file, specifier);
      if (target !== null && !mayImport(file.path, target))
        faults.push(`${file.path} may not import ${target}`);
    }
  }
  return faults;
}

/** Languages whose worker is a program of another one's: it builds on the files of that worker, which is shipped with it. */
const hostedRuntimes: Readonly<Record<string, string>> = { 'runtimes/lua/': 'runtimes/node/' };

/** A language's folder is shipped alone: from outside it takes types only. */
export function runtimeImportFaults(files: readonly SourceFile[]): string[] {
  const faults: string[] = [];
  for (const file of files) {
    const own = /^runtimes\/[^/]+\//.exec(file.path)?.[0];
    if (own === undefined || !file.path.endsWith('.ts')) continue;
    for (const { specifier, typeOnly } of importsOf(file)) {
      const target = targetOf(file, specifier);
      const host = hostedRuntimes[own] ?? own;
      if (target !== null && !typeOnly && !target.startsWith(own) && !target.startsWith(host))
        faults.push(`${file.path} may not import ${target}`);
    }
  }
  return faults;
}

/** Edges of the import graph, by path. `values` leaves out imports of types. */
function graphOf(files: readonly SourceFile[], which: 'all' | 'values'): Map<string, string[]> {
  const edges = new Map<string, string[]>();
  for (const file of files.filter((each) => each.path.endsWith('.ts'))) {
    const targets = importsOf(file)
      .filter((each) => which === 'all' || !each.typeOnly)
      .flatMap((each) => targetOf(file, each.specifier) ?? []);
    edges.set(file.path, targets);
  }
  return edges;
}

/** One cycle for each strongly connected place that a depth-first walk meets. */
function cyclesIn(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const trail: string[] = [];
  const cycles: string[] = [];
  const visit = (node: string): void => {
    const start = trail.indexOf(node);
    if (start >= 0) cycles.push([...trail.slice(start), node].join(' → '));
    if (start >= 0 || done.has(node)) return;
    trail.push(node);
    for (const next of edges.get(node) ?? []) visit(next);
    trail.pop();
    done.add(node);
  };
  for (const node of edges.keys()) visit(node);
  return cycles;
}

/** No file imports itself by a detour, types included. */
export function fileCycleFaults(files: readonly SourceFile[]): string[] {
  return cyclesIn(graphOf(files, 'all')).map((cycle) => `import cycle: ${cycle}`);
}

/** No two folders of `src/` import each other. The wiring files at its root are not a folder. */
export function folderCycleFaults(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, string[]>();
  for (const [from, targets] of graphOf(files, 'all')) {
    const inFolder = (path: string): boolean => /^src\/[^/]+\//.test(path);
    if (!inFolder(from)) continue;
    const folders = targets.filter(inFolder).map(folderOf);
    const others = folders.filter((folder) => folder !== folderOf(from));
    edges.set(folderOf(from), [...(edges.get(folderOf(from)) ?? []), ...others]);
  }
  return cyclesIn(edges).map((cycle) => `folders import each other: ${cycle}`);
}

/** Import the file you mean: no file consists of re-exports alone. */
export function barrelFaults(files: readonly SourceFile[]): string[] {
  const reexport = /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+['"][^'"]+['"];?/gm;
  return files
    .filter((file) => /^(?:src|runtimes)\/.*\.ts$/.test(file.path))
    .filter((file) => {
      const script = withoutComments(file.text);
      return script.search(reexport) >= 0 && script.replace(reexport, '').trim() === '';
    })
    .map((file) => `${file.path} only re-exports: import the files themselves`);
}

/** Launcher and Node worker start once a process and are copied alone: no package may be in what they load. */
export function packageFreeFaults(files: readonly SourceFile[], entry: string): string[] {
  const edges = graphOf(files, 'values');
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set([entry]);
  for (const path of reached) for (const next of edges.get(path) ?? []) reached.add(next);
  const faults = byPath.has(entry) ? [] : [`${entry} does not exist`];
  for (const path of reached) {
    const file = byPath.get(path);
    if (file === undefined || !path.endsWith('.ts')) continue;
    for (const { specifier, typeOnly } of importsOf(file)) {
      const isPackage = !specifier.startsWith('.') && !specifier.startsWith('node:');
      if (isPackage && !typeOnly)
        faults.push(`${path} imports ${specifier}, but ${entry} must load without packages`);
    }
  }
  return faults;
}

/** Each package that the product promises to build on is imported somewhere in `src/`. */
export function missingPackageFaults(files: readonly SourceFile[], packages: readonly string[]): string[] {
  const used = files
    .filter((file) => file.path.startsWith('src/'))
    .flatMap((file) => importsOf(file))
    .filter((each) => !each.typeOnly)
    .map((each) => each.specifier);
  return packages
    .filter((name) => !used.some((specifier) => specifier === name || specifier.startsWith(`${name}/`)))
    .map((name) => `${name} is promised but imported nowhere in src/`);
}
