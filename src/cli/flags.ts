// Command-line flags made from the options' own descriptions, so that a flag is named and explained in one place.

import type { Command } from 'commander';
import type { AnyOption } from '../config/option.ts';
import { functionOptions } from '../config/options/function-options.ts';
import { serverOptions } from '../config/options/server-options.ts';

const servingOptions: readonly AnyOption[] = [
  serverOptions.host,
  serverOptions.port,
  functionOptions.hotReload,
  functionOptions.forceUrl,
  serverOptions.logLevel,
  serverOptions.logFormat,
];

/** Adds the flags of `serve` and `dev`. */
export function addServingFlags(command: Command): Command {
  for (const option of servingOptions) {
    if (option.flag !== undefined) command.option(option.flag, `${option.doc} (${option.env})`);
  }
  // Every start is native here; the flag of old command lines is accepted and means nothing.
  return command
    .option('--no-hot-reload', 'Serves the files as they were at the start.')
    .addOption(command.createOption('--native').hideHelp());
}
