// What tests with real packages need of the host: installers, registries that answer, and the variables that lead there.
import { spawnSync } from 'node:child_process';
import { processEnvironment } from '../../../src/config/process-sources.ts';
import { registryEnvironmentOf } from '../../../src/config/registry-environment.ts';

/** Variables for a gateway under test: those of registries and certificates that this process has. */
export const registryVariables = registryEnvironmentOf(processEnvironment());

function answers(file: string, ...args: readonly string[]): boolean {
  return spawnSync(file, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;
}

function reasonFor(
  label: string,
  tool: readonly [string, ...string[]],
  registry: readonly [string, ...string[]] | null,
) {
  if (!answers(...tool)) return `no ${label} on this host`;
  return registry === null || answers(...registry) ? false : `the registry of ${label} does not answer`;
}

/** Why tests with real packages of a language are skipped, or false. */
export const noPip: string | false = reasonFor(
  'pip',
  ['python3', '-I', '-m', 'pip', '--version'],
  ['python3', '-m', 'pip', 'install', '--dry-run', '--ignore-installed', '--no-deps', '-q', 'six==1.16.0'],
);
export const noNpm: string | false = reasonFor(
  'npm',
  ['npm', '--version'],
  ['npm', 'view', 'left-pad@1.3.0', 'version'],
);
export const noComposer: string | false = reasonFor('composer', ['composer', '--version'], null);
