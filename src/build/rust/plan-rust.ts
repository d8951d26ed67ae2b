// Plans the build of a Rust function: its file becomes the root of a program, with the worker's crate beside it. Crates are
// downloaded in a step that runs none of their code; build scripts and macros run in one without network.

import type { BuildPlan, BuildStep } from '../build-plan.ts';
import type { BuildPlanner } from '../build-planner.ts';
import { contentKey } from '../content-key.ts';
import { programName } from './cargo-manifest.ts';
import { lockName, type RustProject, readProject } from './rust-project.ts';
import { packageSteps, programSteps } from './rust-steps.ts';
import { findRust, type RustToolchain } from './toolchain.ts';

/** @throws PlanFault when Rust is missing or unfit */
export const planRust: BuildPlanner = async (unit, tools) => {
  const toolchain = await findRust(tools);
  const project = await readProject(unit, tools, toolchain);
  const hasPackages = project.manifestPath !== null;
  const steps = hasPackages
    ? packageSteps(toolchain, tools)
    : programSteps(project.entry, project.worker, toolchain, tools);
  return {
    key: keyOf(project, toolchain, steps),
    runtime: 'rust',
    kind: 'program',
    files: project.files,
    steps,
    output: { program: hasPackages ? `target/release/${programName}` : programName, importPaths: [] },
    failureText: 'rust build failed',
    report: {
      mode: 'build',
      manifestPath: project.manifestPath,
      lockfilePath: hasPackages ? lockName : null,
    },
  } satisfies BuildPlan;
};

/** Not the folders of this host: where they are does not change what is made. */
function keyOf(project: RustProject, toolchain: RustToolchain, steps: readonly BuildStep[]): string {
  const isOption = (argument: string): boolean => !argument.includes('/');
  return contentKey([
    ['rust', `${toolchain.version} ${toolchain.target}`],
    ['steps', JSON.stringify(steps.map(({ command }) => command.args.filter(isOption)))],
    ...project.files.flatMap((file) => ('text' in file ? [[file.path, file.text] as const] : [])),
    ...[...project.sources, ...project.worker].map(({ path, bytes }) => [path, bytes] as const),
  ]);
}
