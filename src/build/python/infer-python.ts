// Packages that a Python function needs by what it imports: by Python's own parser, or by pipreqs where the operator says so.
// Source: contract/dependencies.md 2.2.

import type { FunctionUnit } from '../../discovery/catalog.ts';
import { askTool, lastLines } from '../ask-tool.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';
import type { Inference } from '../inference.ts';
import { foreignImports } from './local-modules.ts';
import { packageOfImport } from './package-names.ts';
import type { PythonFacts } from './python-facts.ts';
import { normalizeName } from './requirements-file.ts';

const pipreqsTimeoutMs = 60_000;

/** @throws PlanFault where the backend is unknown, missing or fails */
export async function inferPython(
  unit: FunctionUnit,
  python: PythonFacts,
  tools: Pick<BuildTools, 'settings' | 'signal'>,
): Promise<Inference> {
  const backend = tools.settings.inference.backend.python;
  const start = performance.now();
  if (backend === 'pipreqs') {
    const packages = await askPipreqs(unit.dir, python, tools);
    const durationMs = performance.now() - start;
    return { backend, durationMs, imports: packages, packages, unresolved: [] };
  }
  if (backend !== 'native') {
    throw new PlanFault(
      `python dependency inference backend unsupported: ${backend}. Supported values: native, pipreqs.`,
    );
  }
  const imports = await foreignImports(unit, python.file);
  const named = imports.map((name) => ({ name, package: packageOfImport(name) }));
  const packages = named.flatMap((each) => each.package ?? []);
  return {
    backend,
    durationMs: performance.now() - start,
    imports,
    packages: packages.filter((name, at) => packages.findIndex((other) => isSame(name, other)) === at),
    unresolved: named.filter((each) => each.package === null).map(({ name }) => name),
  };
}

export function isSame(one: string, other: string): boolean {
  return normalizeName(one) === normalizeName(other);
}

async function askPipreqs(
  dir: string,
  python: PythonFacts,
  { settings, signal }: Pick<BuildTools, 'settings' | 'signal'>,
): Promise<string[]> {
  const options = ['--print', '--mode', 'no-pin', '--ignore', '.deps,__pycache__'];
  const args = ['-I', '-m', 'pipreqs', dir, ...options];
  const env = settings.registryEnvironment;
  const answer = await askTool({ file: python.file, args, env, timeoutMs: pipreqsTimeoutMs, signal });
  if (answer.ok)
    return answer.stdout
      .split('\n')
      .map((line) => line.trim())
      .filter(isPackageName);
  if (/No module named '?pipreqs/.test(answer.stderr)) {
    throw new PlanFault(
      "python dependency inference backend 'pipreqs' is unavailable. " +
        "Install it with 'pip install pipreqs' or switch FN_PY_INFER_BACKEND=native.",
    );
  }
  const tail = lastLines(answer.stderr) || answer.reason;
  throw new PlanFault(`python dependency inference via pipreqs failed: ${tail}`);
}

function isPackageName(line: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(line);
}
