// The steps that install one folder's requirements into one folder of the workspace. Wheels are tried first and alone: then
// no code of a package runs, and the download cache is in nobody's reach. Only what has no wheel is built, without the cache.
// The target folder is new for each key: pip's target mode never replaces what is there (contract/dependencies.md 2.1).

import { type BuildStep, workspacePlaceholder } from '../build-plan.ts';
import type { BuildTools } from '../build-planner.ts';
import type { PythonFacts } from './python-facts.ts';
import { requirePip } from './python-facts.ts';

export interface PipInstall {
  /** Relative to the workspace. */
  readonly target: string;
  /** Requirements files relative to the workspace, installed. */
  readonly files: readonly string[];
  /** Constraints file, or null. */
  readonly constraints: string | null;
  /** Every package needs a hash. */
  readonly hashed: boolean;
  /** Some requirement is a path or an URL, whose code runs when it is installed. */
  readonly hasDirect: boolean;
  /** Where the list of what was installed is written, relative to the workspace. */
  readonly lock: string;
}

// As `pip freeze --path`, from the same metadata, without the index and without pip's own code.
const freezeScript = [
  'import importlib.metadata, sys',
  "lines = {'%s==%s' % (d.metadata['Name'], d.version) for d in importlib.metadata.distributions(path=[sys.argv[1]])}",
  "with open(sys.argv[2], 'w', encoding='utf-8') as f: f.writelines(line + '\\n' for line in sorted(lines, key=str.lower))",
].join('\n');

export function pipSteps(install: PipInstall, python: PythonFacts, tools: BuildTools): BuildStep[] {
  const pip = requirePip(python);
  const { settings } = tools;
  const inWorkspace = (path: string): string => `${workspacePlaceholder}/${path}`;
  const cache = tools.cacheDir('pip');
  // pip's own five retries, twice over, would hold back for half a minute the news that there is no network.
  const env = { PIP_RETRIES: '2', ...settings.registryEnvironment };
  const common = {
    network: 'registry',
    toolchain: [python.file, ...python.readable, pip.dir],
    timeoutMs: settings.timeoutMs.install,
  } as const;
  const args = [
    ...['-I', '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--prefer-binary'],
    ...['--progress-bar', 'off', '--no-warn-script-location', '-t', inWorkspace(install.target)],
    ...(install.hashed ? ['--require-hashes'] : []),
    ...install.files.flatMap((file) => ['-r', inWorkspace(file)]),
    ...(install.constraints === null ? [] : ['-c', inWorkspace(install.constraints)]),
  ];
  const building: BuildStep = {
    ...common,
    tool: 'pip install',
    command: { file: python.file, args },
    env: { ...env, PIP_NO_CACHE_DIR: '1' },
    caches: [],
  };
  const wheels: BuildStep = {
    ...common,
    tool: 'pip install',
    command: { file: python.file, args: [...args, '--only-binary=:all:'] },
    env: { ...env, PIP_CACHE_DIR: cache },
    caches: [cache],
    fallback: building,
  };
  const freeze: BuildStep = {
    ...common,
    tool: 'pip freeze',
    command: {
      file: python.file,
      args: ['-I', '-S', '-c', freezeScript, inWorkspace(install.target), inWorkspace(install.lock)],
    },
    env: {},
    network: 'none',
    caches: [],
  };
  return [install.hasDirect ? building : wheels, freeze];
}
