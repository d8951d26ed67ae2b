// Options of dependencies and builds: what is made at all, when, how many at once, and how much each may take. Source:
// contract/dependencies.md 1, 3.3 and 12. What inference may add is in inference-options.ts.

import type { Option } from '../option.ts';
import { readBoolOff, readInteger, readSecondsAsMs } from '../option-readers.ts';

function switchOf(doc: string, env: string, key: string): Option<boolean> {
  return { doc, accepted: 'true or false', env, key, fallback: true, read: readBoolOff };
}

/** Kept as milliseconds. */
function timeoutOf(doc: string, env: string, key: string): Option<number> {
  return {
    doc,
    accepted: 'seconds from 0.1 to 3600',
    env,
    key,
    fallback: 180_000,
    read: readSecondsAsMs({ min: 0.1, max: 3600 }),
  };
}

function megabytesOf(doc: string, env: string, key: string): Option<number> {
  return {
    doc,
    accepted: 'an integer from 64 to 65536',
    env,
    key,
    fallback: 2048,
    read: readInteger({ min: 64, max: 65_536 }),
  };
}

function countOf(doc: string, env: string, key?: string): Option<number> {
  return {
    doc,
    accepted: 'an integer from 1 to 64',
    env,
    ...(key === undefined ? {} : { key }),
    fallback: 4,
    read: readInteger({ min: 1, max: 64, outside: 'clamp' }),
  };
}

export const buildOptions = {
  autoInstall: switchOf(
    'Installs dependencies and compiles programs; off, only what was made before (`fastfn deps`) is used.',
    'FN_AUTO_INSTALL',
    'auto-install',
  ),
  autoRequirements: switchOf(
    'Installs what Python functions require (requirements.txt, hints, packs).',
    'FN_AUTO_REQUIREMENTS',
    'auto-requirements',
  ),
  autoNodeDeps: switchOf(
    'Installs what Node functions require (package.json, packs).',
    'FN_AUTO_NODE_DEPS',
    'auto-node-deps',
  ),
  autoPhpDeps: switchOf(
    'Installs what PHP functions require (composer.json).',
    'FN_AUTO_PHP_DEPS',
    'auto-php-deps',
  ),
  preinstallPython: switchOf(
    'Begins Python installs when the gateway starts; off, with the first request.',
    'FN_PREINSTALL_PY_DEPS_ON_START',
    'preinstall-py-deps-on-start',
  ),
  preinstallNode: switchOf(
    'Begins Node installs when the gateway starts; off, with the first request.',
    'FN_PREINSTALL_NODE_DEPS_ON_START',
    'preinstall-node-deps-on-start',
  ),
  concurrency: countOf('Builds and installs that run at once.', 'FN_BUILD_CONCURRENCY', 'build-concurrency'),
  /** The older name. */
  preinstallConcurrency: countOf(
    'Older name of FN_BUILD_CONCURRENCY, which beats it.',
    'FN_PREINSTALL_NODE_DEPS_CONCURRENCY',
  ),
  rustTimeout: timeoutOf(
    'Seconds that the build of a Rust function may take.',
    'FN_RUST_BUILD_TIMEOUT_S',
    'rust-build-timeout-s',
  ),
  goTimeout: timeoutOf(
    'Seconds that the build of a Go function may take.',
    'FN_GO_BUILD_TIMEOUT_S',
    'go-build-timeout-s',
  ),
  memoryMb: megabytesOf(
    'Memory in MiB of all processes of one build together.',
    'FN_BUILD_MEMORY_MB',
    'build-memory-mb',
  ),
  diskMb: megabytesOf('Disk in MiB of the workspace of one build.', 'FN_BUILD_DISK_MB', 'build-disk-mb'),
} as const;
