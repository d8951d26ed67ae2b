// Which range stands for "whatever the registry has now" in a manifest that lasts: `^` and the version of today, so that a later
// install gets the same. `*` where the registry does not answer.

import { askTool } from '../ask-tool.ts';
import type { BuildTools } from '../build-planner.ts';
import type { NpmFacts } from './npm-facts.ts';

const timeoutMs = 20_000;

/** Asks for all names side by side. */
export async function latestRanges(
  names: readonly string[],
  npm: NpmFacts,
  { settings }: Pick<BuildTools, 'settings'>,
): Promise<ReadonlyMap<string, string>> {
  const userConfig = settings.registryFiles.find(({ home }) => home === '.npmrc')?.path;
  const env = {
    ...settings.registryEnvironment,
    npm_config_update_notifier: 'false',
    npm_config_logs_max: '0',
    ...(userConfig === undefined ? {} : { npm_config_userconfig: userConfig }),
  };
  const ranges = await Promise.all(
    names.map(async (name) => {
      const args = [...npm.args, 'view', '--json', '--', `${name}@latest`, 'version'];
      const answer = await askTool({ file: npm.file, args, env, timeoutMs });
      const version = answer.ok
        ? /^\s*"(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)"\s*$/.exec(answer.stdout)?.[1]
        : undefined;
      return [name, version === undefined ? '*' : `^${version}`] as const;
    }),
  );
  return new Map(ranges);
}
