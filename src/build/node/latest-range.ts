// Which range stands for "whatever the registry has now" in a manifest that lasts: `^` and the version of today, so that a later
// install gets the same. `*` where the registry does not answer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { askTool } from '../ask-tool.ts';
import type { BuildTools } from '../build-planner.ts';
import type { NpmFacts } from './npm-facts.ts';

const timeoutMs = 20_000;
/** Each question is a process of npm. */
const askedAtOnce = 4;

export async function latestRanges(
  names: readonly string[],
  npm: NpmFacts,
  { settings, signal }: Pick<BuildTools, 'settings' | 'signal'>,
): Promise<ReadonlyMap<string, string>> {
  const cache = mkdtempSync(join(tmpdir(), 'fastfn-npm-'));
  const userConfig = settings.registryFiles.find(({ home }) => home === '.npmrc')?.path;
  const env = {
    ...settings.registryEnvironment,
    npm_config_update_notifier: 'false',
    npm_config_logs_max: '0',
    npm_config_cache: cache,
    ...(userConfig === undefined ? {} : { npm_config_userconfig: userConfig }),
  };
  try {
    const ask = async (name: string) => [name, await latestRange(name, npm, env, signal)] as const;
    return new Map(await pLimit(askedAtOnce).map(names, ask));
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

async function latestRange(
  name: string,
  npm: NpmFacts,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const args = [...npm.args, 'view', '--json', '--', `${name}@latest`, 'version'];
  const answer = await askTool({ file: npm.file, args, env, timeoutMs, signal });
  const version = answer.ok ? /^\s*"(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)"\s*$/.exec(answer.stdout)?.[1] : undefined;
  return version === undefined ? '*' : `^${version}`;
}
