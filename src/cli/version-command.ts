// `fastfn version`: the same line as `--version`.

import type { CommandAdder } from './cli-context.ts';

export const addVersionCommand: CommandAdder = (program, context) => {
  program
    .command('version')
    .description('print the version')
    .action(() => context.print(`FastFN ${context.layout.version}`));
};
