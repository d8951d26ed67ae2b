// What the operator says of dependencies and builds: which are made at all, how long each may take, how many at once.
// Plain data between config/, which reads it, and build/, which acts on it. Source: contract/dependencies.md 1 and 12.

import type { RuntimeName } from './runtime-name.ts';

export interface BuildSettings {
  /** FN_AUTO_INSTALL: off, nothing is installed or compiled; what was made before is still used. Default on. */
  readonly enabled: boolean;
  /** FN_BUILD_CONCURRENCY: builds that run at once. Default 4. */
  readonly concurrency: number;
  /** Whether builds begin when the gateway starts (FN_PREINSTALL_…_ON_START), or with the first request. Default true. */
  readonly onStart: { readonly python: boolean; readonly node: boolean };
  readonly limits: BuildLimits;
  /** The operator's own files that say where registries are; tools find copies in their HOME. */
  readonly registryFiles: readonly RegistryFile[];
  /** FN_AUTO_REQUIREMENTS, FN_AUTO_NODE_DEPS, FN_AUTO_PHP_DEPS. Default on. */
  readonly install: { readonly python: boolean; readonly node: boolean; readonly php: boolean };
  /** FN_RUST_BUILD_TIMEOUT_S and FN_GO_BUILD_TIMEOUT_S, default 180 s; the installers have 180 s. All in ms. */
  readonly timeoutMs: { readonly rust: number; readonly go: number; readonly install: number };
  readonly inference: InferenceSettings;
  /** FN_PRODUCTION: what is installed must be locked, and what is inferred must be locked or on the operator's list. */
  readonly production: boolean;
  /** Where registries and proxies are, of the gateway's own environment (`PIP_INDEX_URL`, `npm_config_registry`, …). */
  readonly registryEnvironment: Readonly<Record<string, string>>;
}

/** How much all processes of one step of a build may use together. */
export interface BuildLimits {
  /** FN_BUILD_MEMORY_MB. Default 2 GiB. */
  readonly memoryBytes: number;
  /** FN_BUILD_DISK_MB: the workspace, and any one file. Default 2 GiB. */
  readonly diskBytes: number;
  /** Threads of all processes. Default 1024. */
  readonly threads: number;
}

export interface RegistryFile {
  /** Absolute; exists. */
  readonly path: string;
  /** Where a tool looks for it, relative to HOME. */
  readonly home: string;
}

/** Packages that are installed because the code imports them; contract/dependencies.md 2.2 and 3.2. */
export interface InferenceSettings {
  /** FN_AUTO_INFER_PY_DEPS, FN_AUTO_INFER_NODE_DEPS. Default off; on in `dev`. */
  readonly python: boolean;
  readonly node: boolean;
  /** FN_PY_INFER_BACKEND, FN_NODE_INFER_BACKEND; a name that is not known is a fault of each function that needs it. */
  readonly backend: { readonly python: string; readonly node: string };
  /** FN_AUTO_INFER_STRICT: an import that names no package refuses the function. Default on. */
  readonly strict: boolean;
  /** FN_AUTO_INFER_WRITE_MANIFEST: what was inferred is appended to the manifest. Default on. */
  readonly writeManifest: boolean;
  /** FN_AUTO_INFER_ALLOW: the only packages that inference may install; null: any, but in production none. */
  readonly allow: readonly string[] | null;
}

const defaultInferenceSettings: InferenceSettings = Object.freeze({
  python: false,
  node: false,
  backend: Object.freeze({ python: 'native', node: 'native' }),
  strict: true,
  writeManifest: true,
  allow: null,
});

export const defaultBuildSettings: BuildSettings = Object.freeze({
  enabled: true,
  concurrency: 4,
  onStart: Object.freeze({ python: true, node: true }),
  limits: Object.freeze({ memoryBytes: 2 * 1024 ** 3, diskBytes: 2 * 1024 ** 3, threads: 1024 }),
  registryFiles: Object.freeze([]),
  install: Object.freeze({ python: true, node: true, php: true }),
  timeoutMs: Object.freeze({ rust: 180_000, go: 180_000, install: 180_000 }),
  inference: defaultInferenceSettings,
  production: false,
  registryEnvironment: Object.freeze({}),
});

/** Whether missing packages of a language are installed; the others compile theirs in, or have none. */
export function installsPackages({ enabled, install }: BuildSettings, runtime: RuntimeName): boolean {
  const ofLanguage =
    runtime === 'python' || runtime === 'node' || runtime === 'php' ? install[runtime] : true;
  return enabled && ofLanguage;
}
