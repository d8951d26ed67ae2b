// What the operator says of dependencies and builds: which are made at all, how long each may take, how many at once.
// Plain data between config/, which reads it, and build/, which acts on it. Source: contract/dependencies.md 1 and 12.

export interface BuildSettings {
  /** FN_AUTO_INSTALL: off, nothing is installed or compiled; what was made before is still used. Default on. */
  readonly enabled: boolean;
  /** FN_BUILD_CONCURRENCY: builds that run at once. Default 2. */
  readonly concurrency: number;
  /** FN_AUTO_REQUIREMENTS, FN_AUTO_NODE_DEPS, FN_AUTO_PHP_DEPS. Default on. */
  readonly install: { readonly python: boolean; readonly node: boolean; readonly php: boolean };
  /** FN_RUST_BUILD_TIMEOUT_S and FN_GO_BUILD_TIMEOUT_S, default 180 s; the installers have 180 s. All in ms. */
  readonly timeoutMs: { readonly rust: number; readonly go: number; readonly install: number };
}

export const defaultBuildSettings: BuildSettings = Object.freeze({
  enabled: true,
  concurrency: 2,
  install: Object.freeze({ python: true, node: true, php: true }),
  timeoutMs: Object.freeze({ rust: 180_000, go: 180_000, install: 180_000 }),
});
