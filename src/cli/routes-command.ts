// `fastfn routes`: what would be served, without serving it.

import type { Command } from 'commander';
import { catalogComplaints, catalogJson, routeTable } from './catalog-view.ts';
import type { CommandAdder } from './cli-context.ts';
import { loadOrFail } from './configuration.ts';

export const addRoutesCommand: CommandAdder = (program, context) => {
  program
    .command('routes')
    .argument('[dir]', 'folder of the functions')
    .description('list what would be served, with conflicts and warnings')
    .option('--json', 'print JSON')
    .action(async (argument: string | undefined, _flags: unknown, command: Command) => {
      const { json, ...flags } = command.optsWithGlobals();
      const config = await loadOrFail(context, { mode: 'serve', argument, flags });
      const { inspectFunctions, inspectBuilds } = await context.loadGateway();
      const catalog = await inspectFunctions(config, context.layout);
      const builds = await inspectBuilds(config, catalog);
      if (json === true) {
        context.print(JSON.stringify(catalogJson(catalog, builds), null, 2));
        return;
      }
      context.print(routeTable(catalog, builds));
      const complaints = catalogComplaints(catalog);
      if (complaints.length > 0) context.print(`\n${complaints.join('\n')}`);
    });
};
