// `fastfn prove`: attacks the jail of this installation on this host and prints what held, language by language and layer
// by layer; status 1 when anything got through.

import type { CliContext, CommandAdder } from './cli-context.ts';
import { exitStatus } from './cli-context.ts';
import { loadOrFail } from './configuration.ts';
import type { ProveReport } from './gateway-module.ts';
import { plainText, textTable } from './text-table.ts';

type LanguageReport = ProveReport['languages'][number];
type LayerReport = LanguageReport['layers'][number];

const layerTitles: Readonly<Record<LayerReport['layer'], string>> = {
  process: 'limits, environment, descriptors',
  capabilities: 'capabilities dropped',
  landlock: 'Landlock alone',
  seccomp: 'seccomp alone',
  namespace: 'minimal root alone',
  kernel: 'all of these together',
  guarded: 'with the language guard',
};

export const addProveCommand: CommandAdder = (program, context, report) => {
  program
    .command('prove')
    .description("attack this host's own sandbox, harmlessly, and print what held")
    .option('--json', 'print JSON')
    .action(async (_flags, command) => {
      const { json, ...flags } = command.optsWithGlobals();
      report(await prove(context, flags, json === true));
    });
};

async function prove(context: CliContext, flags: Record<string, unknown>, json: boolean): Promise<number> {
  const config = await loadOrFail(context, { mode: 'serve', flags });
  if (!config.strictFs.enabled) {
    context.printError('Warning: FN_STRICT_FS is off: what is proved here is not in force when serving');
  }
  const { proveSandbox } = await context.loadGateway();
  const proof = await proveSandbox(config, context.layout);
  context.print(json ? JSON.stringify(proof, null, 2) : proofText(proof));
  return proof.proven ? exitStatus.done : exitStatus.failed;
}

function proofText(proof: ProveReport): string {
  const verdict = proof.proven ? 'Everything held.' : 'NOT everything held.';
  return [...proof.languages.map(languageText), verdict].join('\n\n');
}

function languageText(report: LanguageReport): string {
  const { language, version, skipped, attempts, notApplicable, layers } = report;
  if (skipped !== null) return plainText(`${language}: skipped, ${skipped}`);
  const told = layers.filter(({ missing, attempts: made }) => missing !== null || made > 0);
  const rows = told.map(({ layer, missing, attempts: made, held }) =>
    missing === null
      ? [layerTitles[layer], String(made), String(held)]
      : [layerTitles[layer], 'missing', `not enforced: ${missing}`],
  );
  const complaints = [
    ...layers.flatMap(({ layer, through }) =>
      through.map((name) => `  GOT THROUGH (${layerTitles[layer]}): ${name}`),
    ),
    ...report.refused.map((name) => `  REFUSED TO HONEST FUNCTIONS: ${name}`),
    ...report.unanswered.map((name) => `  NOT ANSWERED: ${name}`),
  ];
  return [
    `${language} ${version}: ${attempts} attempts, ${attempts - notApplicable.length} of which work on this host without a jail`,
    textTable(['layer', 'attempts', 'held'], rows),
    ...complaints.map(plainText),
  ].join('\n');
}
