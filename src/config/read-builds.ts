// What the operator says of dependencies and builds, as one value for those who make them.

import { type BuildSettings, defaultBuildSettings } from '../policy/build-settings.ts';
import { buildOptions } from './options/build-options.ts';
import { readInference } from './read-inference.ts';
import { registryEnvironmentOf } from './registry-environment.ts';
import { type FileExists, registryFilesOf } from './registry-files.ts';
import type { Environment, Settings } from './settings.ts';

const bytesPerMb = 1_048_576;

export function readBuilds(
  settings: Settings,
  sources: { readonly environment: Environment; readonly production: boolean; readonly exists: FileExists },
): BuildSettings {
  const { environment, production, exists } = sources;
  // The new name wins where both are given.
  const isOld = settings.given(buildOptions.concurrency) === null;
  const { limits, timeoutMs } = defaultBuildSettings;
  return {
    enabled: settings.read(buildOptions.autoInstall),
    concurrency: settings.read(isOld ? buildOptions.preinstallConcurrency : buildOptions.concurrency),
    onStart: {
      python: settings.read(buildOptions.preinstallPython),
      node: settings.read(buildOptions.preinstallNode),
    },
    install: {
      python: settings.read(buildOptions.autoRequirements),
      node: settings.read(buildOptions.autoNodeDeps),
      php: settings.read(buildOptions.autoPhpDeps),
    },
    timeoutMs: {
      rust: settings.read(buildOptions.rustTimeout),
      go: settings.read(buildOptions.goTimeout),
      install: timeoutMs.install,
    },
    limits: {
      memoryBytes: settings.read(buildOptions.memoryMb) * bytesPerMb,
      diskBytes: settings.read(buildOptions.diskMb) * bytesPerMb,
      threads: limits.threads,
    },
    inference: readInference(settings),
    production,
    registryEnvironment: registryEnvironmentOf(environment),
    registryFiles: registryFilesOf(environment, exists),
  };
}
