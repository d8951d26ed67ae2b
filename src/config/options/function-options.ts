// Options of the functions tree: where it is, how it is watched, what its functions get when they say nothing.

import { policyBounds } from '../../policy/function-policy.ts';
import { accept, type Option } from '../option.ts';
import { readBoolOff, readInteger, readSecondsAsMs, readText, toList } from '../option-readers.ts';

const longestPath = 4096;

/** The argument of `serve` and `dev` beats all; fastfn.json beats the variable (see load-config.ts). */
const functionsDir: Option<string> = {
  doc: 'Folder of the functions.',
  accepted: 'a folder',
  env: 'FN_FUNCTIONS_ROOT',
  key: 'functions-dir',
  fallback: '.',
  read: readText(longestPath),
};

const stateDir: Option<string | null> = {
  doc: 'Folder for what the gateway keeps on disk; `.fastfn` in the functions folder by default.',
  accepted: 'a folder',
  env: 'FN_STATE_DIR',
  key: 'state-dir',
  fallback: null,
  read: readText(longestPath),
};

const hotReload: Option<boolean> = {
  doc: 'Serves edited and new files without a restart; off in serve, on in dev.',
  accepted: 'true or false',
  flag: '--hot-reload',
  env: 'FN_HOT_RELOAD',
  key: 'hot-reload',
  fallback: false,
  devFallback: true,
  read: readBoolOff,
};

const hotReloadWatchdog: Option<boolean> = {
  doc: 'Watches the functions folder; off means a rescan at the hot reload interval.',
  accepted: 'true or false',
  env: 'FN_HOT_RELOAD_WATCHDOG',
  key: 'hot-reload-watchdog',
  fallback: true,
  read: readBoolOff,
};

const hotReloadDebounceMs: Option<number> = {
  doc: 'Milliseconds of quiet after a change before the folder is scanned again.',
  accepted: 'an integer from 25 to 60000',
  env: 'FN_HOT_RELOAD_DEBOUNCE_MS',
  key: 'hot-reload-debounce-ms',
  fallback: 150,
  read: readInteger({ min: 25, max: 60_000, outside: 'clamp' }),
};

/** Kept as milliseconds. */
const hotReloadInterval: Option<number> = {
  doc: 'Seconds between rescans where watching is off or impossible.',
  accepted: 'seconds, 1 or more',
  env: 'FN_HOT_RELOAD_INTERVAL',
  key: 'hot-reload-interval',
  fallback: 2000,
  read(raw) {
    const outcome = readSecondsAsMs({ min: 0, max: 86_400, outside: 'clamp' })(raw);
    // contract/routing.md 9: below 1 means 2, not 1.
    return outcome.value !== undefined && outcome.value < 1000
      ? accept(2000, [{ severity: 'warning', accepted: 'seconds, 1 or more; 2 is used' }])
      : outcome;
  },
};

const namespaceDepth: Option<number> = {
  doc: 'Most folders in the name of a function below a runtime folder.',
  accepted: 'an integer from 1 to 5',
  env: 'FN_NAMESPACE_DEPTH',
  key: 'namespace-depth',
  fallback: 3,
  read: readInteger({ min: 1, max: 5, outside: 'clamp' }),
};

const ignoreDirs: Option<readonly string[]> = {
  doc: 'Folder names that discovery skips, beside its own list.',
  accepted: 'a comma list of folder names without slashes',
  env: 'FN_ZERO_CONFIG_IGNORE_DIRS',
  key: 'ignore-dirs',
  fallback: [],
  read(raw) {
    const entries = toList(raw);
    const wrong = entries.filter((entry) => /[/\\]/.test(entry));
    return accept(
      entries.filter((entry) => !wrong.includes(entry)),
      wrong.map((found) => ({ severity: 'warning', found })),
    );
  },
};

const forceUrl: Option<boolean> = {
  doc: "Lets every function's own routes win over file routes.",
  accepted: 'true or false',
  flag: '--force-url',
  env: 'FN_FORCE_URL',
  key: 'force-url',
  aliases: ['force.url'],
  fallback: false,
  read: readBoolOff,
};

const defaultTimeoutMs: Option<number> = {
  doc: 'Deadline in milliseconds of a function that sets no timeout_ms.',
  accepted: `an integer from 1 to ${policyBounds.timeoutMs}`,
  env: 'FN_DEFAULT_TIMEOUT_MS',
  key: 'default-timeout-ms',
  fallback: 2500,
  read: readInteger({ min: 1, max: policyBounds.timeoutMs }),
};

const defaultMaxConcurrency: Option<number> = {
  doc: 'Invocations at once of a function that sets no max_concurrency.',
  accepted: `an integer from 1 to ${policyBounds.maxConcurrency}`,
  env: 'FN_DEFAULT_MAX_CONCURRENCY',
  key: 'default-max-concurrency',
  fallback: 20,
  read: readInteger({ min: 1, max: policyBounds.maxConcurrency }),
};

const defaultMaxBodyBytes: Option<number> = {
  doc: 'Largest body in bytes of a function that sets no max_body_bytes.',
  accepted: `an integer from 1 to ${policyBounds.maxBodyBytes}`,
  env: 'FN_DEFAULT_MAX_BODY_BYTES',
  key: 'default-max-body-bytes',
  fallback: 1_048_576,
  read: readInteger({ min: 1, max: policyBounds.maxBodyBytes }),
};

export const functionOptions = {
  functionsDir,
  stateDir,
  hotReload,
  hotReloadWatchdog,
  hotReloadDebounceMs,
  hotReloadInterval,
  namespaceDepth,
  ignoreDirs,
  forceUrl,
  defaultTimeoutMs,
  defaultMaxConcurrency,
  defaultMaxBodyBytes,
};
