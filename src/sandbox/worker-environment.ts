// The whole environment of a worker process: fixed, private places and a few harmless facts of the host. The function's
// own variables (fn.env.json) arrive in the `load` message, so they never show in a process listing (contract/sandbox.md 7).

import { certificateVariables } from './system-grants.ts';

const passed = new Set<string>(['LANG', 'LANGUAGE', 'TZ', ...certificateVariables]);

const isPassed = (name: string): boolean => passed.has(name) || name.startsWith('LC_');

/**
 * @param tempDir the worker's private folder; also its HOME.
 * @param host the gateway's environment, of which only language, time zone and CA variables pass.
 * @param runtime what the language itself needs, for example Python's PYTHONDONTWRITEBYTECODE; set by the operator's adapter.
 */
export function workerEnvironment(
  tempDir: string,
  host: Readonly<Record<string, string | undefined>>,
  runtime: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = { LANG: 'C.UTF-8' };
  for (const [name, value] of Object.entries(host)) {
    if (value !== undefined && isPassed(name)) env[name] = value;
  }
  return {
    ...env,
    ...runtime,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: tempDir,
    TMPDIR: tempDir,
    TMP: tempDir,
    TEMP: tempDir,
  };
}
