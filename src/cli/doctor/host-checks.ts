// What the host is and has: platform, Node, the languages' own programs.

import type { HostProgram, RuntimeRow } from '../../config/runtime-rows.ts';
import { runtimeRows } from '../../config/runtime-rows.ts';
import { probe } from '../../config/runtimes.ts';
import type { CliContext } from '../cli-context.ts';
import type { Check } from './check.ts';

/** All programs are asked side by side. */
export async function hostChecks(
  context: CliContext,
  overrides: ReadonlyMap<string, string>,
): Promise<readonly Check[]> {
  const rows: readonly RuntimeRow[] = Object.values(runtimeRows);
  const programs = rows.flatMap((row) => [...(row.host === null ? [] : [row.host]), ...row.tools]);
  // Without commands a program is looked for only under its override; Node itself is reported by nodeCheck.
  const searched = programs.filter(
    (program) => program.commands.length > 0 || overrides.has(program.variable),
  );
  const checks = await Promise.all(searched.map((program) => programCheck(program, context, overrides)));
  return [platformCheck(), nodeCheck(context), ...checks.filter((check) => check.id !== 'runtime.node')];
}

function platformCheck(): Check {
  const id = 'system.platform';
  const message = `${process.platform} on ${process.arch}`;
  const known = ['linux', 'darwin'].includes(process.platform) && ['x64', 'arm64'].includes(process.arch);
  return known
    ? { id, status: 'OK', message }
    : {
        id,
        status: 'WARN',
        message,
        hint: 'FastFN is made for Linux (and macOS to develop) on x64 or arm64',
      };
}

function nodeCheck(context: CliContext): Check {
  const id = 'runtime.node';
  const { node } = process.versions;
  const message = `Node ${node}, brought by FastFN (${context.layout.kind})`;
  if (Number.parseInt(node, 10) >= 26) return { id, status: 'OK', message };
  return {
    id,
    status: 'WARN',
    message: `Node ${node} is too old`,
    hint: 'start FastFN with bin/fastfn, which finds Node 26',
  };
}

async function programCheck(
  program: HostProgram,
  context: CliContext,
  overrides: ReadonlyMap<string, string>,
): Promise<Check> {
  const id = `runtime.${program.name}`;
  const state = await probe(program, { overrides, environment: context.environment, cwd: context.cwd });
  return state.found
    ? { id, status: 'OK', message: `${program.label} ${state.version}`, details: { path: state.path } }
    : { id, status: 'WARN', message: `${program.label} ${state.reason}`, hint: program.hint };
}
