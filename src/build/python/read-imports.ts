// What Python sources import, read by Python's own parser in a child of its own: the sources are data there, nothing of
// them runs. Results are kept by content, so that an unchanged file is parsed once.

import { createHash } from 'node:crypto';
import { askTool } from '../ask-tool.ts';
import { PlanFault } from '../build-planner.ts';

export interface ImportedNames {
  /** Whole dotted names of absolute imports outside the standard library: `requests.adapters`. */
  readonly absolute: readonly string[];
  /** Relative ones, with their dots: `.helpers`, `..shared`. */
  readonly relative: readonly string[];
}

const script = `
import ast, json, sys
known = set(sys.stdlib_module_names) | set(sys.builtin_module_names)
def imports_of(source):
    absolute, relative = set(), set()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {'absolute': [], 'relative': []}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            absolute.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            absolute.add(node.module)
            absolute.update(node.module + '.' + alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = '.' * node.level + (node.module or '')
            stem = base if base.endswith('.') else base + '.'
            relative.update([base, *(stem + alias.name for alias in node.names)])
    foreign = {name for name in absolute if name.split('.')[0] not in known}
    return {'absolute': sorted(foreign), 'relative': sorted(relative)}
print(json.dumps([imports_of(source) for source in json.load(sys.stdin)]))
`;

const timeoutMs = 20_000;
const maxKept = 2_000;
const nothing: ImportedNames = { absolute: [], relative: [] };
/** By interpreter and content; in the order in which they were last put there. */
const kept = new Map<string, Promise<ImportedNames>>();

/**
 * @param python real interpreter
 * @returns one entry per source; a source with a syntax error imports nothing
 * @throws PlanFault where Python does not answer in 20 s
 */
export function readImports(python: string, sources: readonly string[]): Promise<ImportedNames[]> {
  return Promise.all(
    sources.map((source) => {
      const hash = createHash('sha256').update(`${python}\0${source}`).digest('base64');
      const known = kept.get(hash);
      if (known !== undefined) return known;
      if (kept.size >= maxKept) kept.clear();
      const names = batchOf(python).add(source);
      kept.set(hash, names);
      names.catch(() => kept.delete(hash));
      return names;
    }),
  );
}

/** Functions that are planned at the same time share one child: its start is what takes the time. */
class Batch {
  readonly #python: string;
  readonly #sources: string[] = [];
  readonly #answer: Promise<ImportedNames[]>;

  constructor(python: string) {
    this.#python = python;
    this.#answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  async add(source: string): Promise<ImportedNames> {
    const at = this.#sources.push(source) - 1;
    return (await this.#answer)[at] ?? nothing;
  }

  #run(): Promise<ImportedNames[]> {
    open.delete(this.#python);
    return parse(this.#python, this.#sources);
  }
}

/** Batches that can still be added to, by interpreter. */
const open = new Map<string, Batch>();

function batchOf(python: string): Batch {
  const batch = open.get(python) ?? new Batch(python);
  open.set(python, batch);
  return batch;
}

async function parse(python: string, sources: readonly string[]): Promise<ImportedNames[]> {
  const answer = await askTool({
    file: python,
    args: ['-I', '-S', '-X', 'utf8', '-c', script],
    input: JSON.stringify(sources),
    timeoutMs,
  });
  if (answer.ok) return JSON.parse(answer.stdout) as ImportedNames[];
  throw new PlanFault(`python dependency inference via native failed: ${answer.reason}`);
}
