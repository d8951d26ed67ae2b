// Which of the operator's own files tell package tools where registries are: a build runs with a HOME of its own, into which
// these are copied. Nothing else of the operator's home is seen there. A password in one of them is seen by the tools.

import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { RegistryFile } from '../policy/build-settings.ts';
import type { Environment } from './settings.ts';

export type FileExists = (path: string) => boolean;

/** A file with settings is small. Bytes. */
const maxBytes = 262_144;

export const isSmallFile: FileExists = (path) => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= maxBytes;
};

/** Of several places for one file the first that exists: that is the order in which the tool itself looks. */
export function registryFilesOf(environment: Environment, exists: FileExists): readonly RegistryFile[] {
  const { HOME, XDG_CONFIG_HOME, CARGO_HOME, COMPOSER_HOME } = environment;
  const inHome = (path: string) => (HOME === undefined ? undefined : join(HOME, path));
  const inConfig = (path: string) =>
    XDG_CONFIG_HOME === undefined ? inHome(join('.config', path)) : join(XDG_CONFIG_HOME, path);
  const below = (folder: string | undefined, path: string) =>
    folder === undefined ? undefined : join(folder, path);
  const composer = (name: string) => [
    below(COMPOSER_HOME, name),
    inConfig(`composer/${name}`),
    inHome(`.composer/${name}`),
  ];
  const places: Readonly<Record<string, readonly (string | undefined)[]>> = {
    '.npmrc': [
      environment['NPM_CONFIG_USERCONFIG'] ?? environment['npm_config_userconfig'],
      inHome('.npmrc'),
    ],
    '.config/pip/pip.conf': [
      environment['PIP_CONFIG_FILE'],
      inConfig('pip/pip.conf'),
      inHome('.pip/pip.conf'),
      '/etc/pip.conf',
    ],
    '.cargo/config.toml': [below(CARGO_HOME, 'config.toml'), inHome('.cargo/config.toml')],
    '.config/go/env': [environment['GOENV'], inConfig('go/env')],
    '.config/composer/config.json': composer('config.json'),
    '.config/composer/auth.json': composer('auth.json'),
  };
  return Object.entries(places).flatMap(([home, candidates]) => {
    const path = candidates.find(
      (candidate) => candidate !== undefined && isAbsolute(candidate) && exists(candidate),
    );
    return path === undefined ? [] : [{ path, home }];
  });
}
