// Plans the build of a Go function: its files, go.mod and go.sum, and the worker's sources, compiled to one static program.
// Modules are downloaded in a step of their own; the compiler runs none of their code and has no network.

import { basename } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import { type BuildPlan, type BuildStep, type WorkspaceFile, workspacePlaceholder } from '../build-plan.ts';
import { type BuildPlanner, type BuildTools, PlanFault } from '../build-planner.ts';
import { contentKey } from '../content-key.ts';
import { harnessFiles } from '../harness-files.ts';
import { collectSources, type SourceFile, workspaceFile } from '../source-files.ts';
import { hasRequirements, mainFile, moduleFile, workerFolder } from './go-module.ts';
import { acceptedName, checkPackage, handlerSymbol, withLineDirective } from './go-source.ts';
import { findGo, type GoToolchain } from './toolchain.ts';

const program = 'fn_handler';
const entryName = 'handler.go';
/** In place of the user's folder for settings of programs. */
const settingsFolder = '.config';

interface GoProject {
  /** The function's own files as they are: with `files`, what the key is made of. */
  readonly sources: readonly SourceFile[];
  readonly files: readonly WorkspaceFile[];
  /** null: the function has none. */
  readonly module: string | null;
  readonly sum: string | null;
}

/** @throws PlanFault when Go is missing or unfit, or the handler cannot be found in its file */
export const planGo: BuildPlanner = async (unit, tools) => {
  const toolchain = await findGo(tools);
  const project = await readProject(unit, tools);
  const steps = planSteps(project, toolchain, tools);
  return {
    key: keyOf(project, toolchain, steps),
    runtime: 'go',
    kind: 'program',
    files: project.files,
    steps,
    output: { program, importPaths: [] },
    failureText: 'go build failed',
    report: {
      mode: 'build',
      manifestPath: project.module === null ? null : `${unit.dir}/go.mod`,
      lockfilePath: steps.length > 1 ? 'go.sum' : null,
    },
  } satisfies BuildPlan;
};

async function readProject(unit: FunctionUnit, tools: BuildTools): Promise<GoProject> {
  const entry = basename(unit.entry);
  const sources = await collectSources(unit.dir, unit.readable);
  const text = (path: string) =>
    sources.find((source) => source.path === path)?.bytes.toString('utf8') ?? null;
  const handler = text(entry) ?? '';
  checkPackage(handler, entry);
  const symbol = handlerSymbol(handler, unit.policy.handler);
  const module = text('go.mod');
  const sum = text('go.sum');
  if (tools.settings.production && module !== null && hasRequirements(module) && sum === null)
    throw new PlanFault(
      'go.sum is missing: in production only what is locked is installed (go mod tidy writes it)',
    );
  const worker = await harnessFiles(tools.runtimesDir, 'go');
  return {
    sources,
    module,
    sum,
    files: [
      ...sources.filter(({ path }) => path !== 'go.mod').map((source) => placed(unit, source, entry)),
      { path: 'go.mod', text: moduleFile(module) },
      { path: 'fastfn_main.go', text: mainFile(symbol) },
      // Else the go command starts a process to count what it does, which the jail refuses with a line on stderr.
      { path: `${settingsFolder}/go/telemetry/mode`, text: 'off' },
      ...worker.map(({ path, bytes }) => ({ path: `${workerFolder}/${path}`, text: bytes.toString('utf8') })),
    ],
  };
}

/** The handler file under one name, whatever its route; helpers (`_x.go`) where Go's tools see them. */
function placed(unit: FunctionUnit, source: SourceFile, entry: string): WorkspaceFile {
  const { path, bytes } = source;
  if (path.includes('/') || !path.endsWith('.go')) return workspaceFile(unit.dir, source);
  const name = path === entry ? entryName : acceptedName(path);
  return { path: name, text: withLineDirective(bytes.toString('utf8'), path) };
}

function planSteps(project: GoProject, toolchain: GoToolchain, tools: BuildTools): BuildStep[] {
  const modules = tools.cacheDir('go-modules');
  const objects = tools.cacheDir('go-objects');
  const base = {
    env: {
      ...{
        GOROOT: toolchain.root,
        GOMODCACHE: modules,
        GOCACHE: objects,
        GOPATH: `${workspacePlaceholder}/.go`,
      },
      // Nothing of the host's own settings; no compiler of other languages; never another toolchain than this one.
      ...{
        GOENV: 'off',
        GOWORK: 'off',
        GO111MODULE: 'on',
        GOTOOLCHAIN: 'local',
        XDG_CONFIG_HOME: `${workspacePlaceholder}/${settingsFolder}`,
        CGO_ENABLED: '0',
      },
      GOFLAGS: '-mod=readonly -modcacherw',
    },
    toolchain: [toolchain.root],
    timeoutMs: tools.settings.timeoutMs.go,
  } as const;
  const command = (...args: string[]) => ({ file: toolchain.go, args });
  const build: BuildStep = {
    ...base,
    tool: 'go build',
    command: command(
      'build',
      '-trimpath',
      '-buildvcs=false',
      '-ldflags=-s -w',
      '-o',
      `${workspacePlaceholder}/${program}`,
      '.',
    ),
    network: 'none',
    caches: [modules, objects],
  };
  if (project.module === null || !hasRequirements(project.module)) return [build];
  const download: BuildStep = {
    ...base,
    tool: 'go mod download',
    // Without go.sum the sums of all that may be needed are written; with it, what it does not name is refused.
    command: command('mod', 'download', ...(project.sum === null ? ['all'] : [])),
    network: 'registry',
    caches: [modules],
  };
  return [download, build];
}

/** Not the caches: where they are does not change what is made. */
function keyOf(project: GoProject, toolchain: GoToolchain, steps: readonly BuildStep[]): string {
  const commands = steps.map(({ command, env }) => [command.args, env['CGO_ENABLED'], env['GOFLAGS']]);
  return contentKey([
    ['go', `${toolchain.version} ${process.arch}`],
    ['steps', JSON.stringify(commands)],
    ...project.files.flatMap((file) => ('text' in file ? [[file.path, file.text] as const] : [])),
    ...project.sources.map(({ path, bytes }) => [path, bytes] as const),
  ]);
}
