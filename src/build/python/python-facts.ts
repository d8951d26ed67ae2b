// What a plan must know of the Python that installs: its ABI, for the key, and where its pip is.

import { realpathSync } from 'node:fs';
import { askTool } from '../ask-tool.ts';
import type { BuildTools } from '../build-planner.ts';
import { PlanFault } from '../build-planner.ts';

export interface PythonFacts {
  /** Real interpreter, links resolved. */
  readonly file: string;
  /** For example `3.11.7 cpython-311-x86_64-linux-gnu`: packages installed for one do not fit another. */
  readonly abi: string;
  /** Version of pip and the folder that holds it; null: this Python has none. */
  readonly pip: { readonly version: string; readonly dir: string } | null;
  /** The interpreter's own files. */
  readonly readable: readonly string[];
}

const script = `
import importlib.util, json, os, sys, sysconfig
pip = None
spec = importlib.util.find_spec('pip')
if spec is not None and spec.origin:
    import pip
    pip = {'version': pip.__version__, 'dir': os.path.realpath(os.path.dirname(os.path.dirname(spec.origin)))}
abi = '%d.%d.%d %s' % (*sys.version_info[:3], sysconfig.get_config_var('SOABI') or sys.platform)
print(json.dumps({'abi': abi, 'pip': pip}))
`;

const timeoutMs = 10_000;

/** By interpreter: its own packages do not change under a running gateway without a reason to start it again. */
const known = new Map<string, Promise<PythonFacts>>();

/** @throws PlanFault where this host has no Python, or one that does not answer */
export async function findPython(tools: BuildTools): Promise<PythonFacts> {
  const tool = await tools.find('FN_PYTHON_BIN');
  if (!tool.found)
    throw new PlanFault(`python ${tool.reason}: install Python 3.10 or newer, or set FN_PYTHON_BIN`);
  const file = realpathSync(tool.path);
  const asked = known.get(file) ?? ask(file, tool.readable);
  known.set(file, asked);
  try {
    return await asked;
  } catch (error) {
    known.delete(file);
    throw error;
  }
}

async function ask(file: string, readable: readonly string[]): Promise<PythonFacts> {
  // Isolated, but with its packages: pip is one.
  const answer = await askTool({ file, args: ['-I', '-c', script], timeoutMs });
  if (!answer.ok) throw new PlanFault(`python does not answer: ${answer.reason}`);
  const { abi, pip } = JSON.parse(answer.stdout) as Pick<PythonFacts, 'abi' | 'pip'>;
  return { file, abi, pip, readable };
}

/** @throws PlanFault that says what to install where there is no pip */
export function requirePip(facts: PythonFacts): NonNullable<PythonFacts['pip']> {
  if (facts.pip !== null) return facts.pip;
  throw new PlanFault(
    'pip is missing: install it for the Python that runs the functions ' +
      '(Debian, Ubuntu: apt install python3-pip; elsewhere: python3 -m ensurepip)',
  );
}
