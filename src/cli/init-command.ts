// `fastfn init`: a first function that works, in any of the languages.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { initTemplates, type TemplateName } from '../control/function-templates.ts';
import { type CliContext, type CommandAdder, CommandFailure, exitStatus } from './cli-context.ts';

interface InitFlags {
  readonly template: string;
  readonly force?: boolean;
}

export const addInitCommand: CommandAdder = (program, context) => {
  program
    .command('init')
    .argument('<name>', 'name of the function, for example hello or team/hello')
    .description('create a first function that works')
    .option('-t, --template <language>', `one of ${Object.keys(initTemplates).join(', ')}`, 'node')
    .option('--force', 'write over files that exist')
    .action((name: string, flags: InitFlags) => createFunction(name, flags, context));
};

/** Nothing is written before everything is known to be in order. */
function createFunction(name: string, flags: InitFlags, context: CliContext): void {
  checkName(name);
  const template = templateOf(flags.template);
  const dir = resolve(context.cwd, name);
  const files = Object.entries(template.files(name));
  const present = files.filter(([file]) => existsSync(join(dir, file))).map(([file]) => file);
  if (present.length > 0 && flags.force !== true) {
    throw new CommandFailure(`cannot write over ${present.join(', ')} in ${dir}: use --force to replace`);
  }
  mkdirSync(dir, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(dir, file), text);
  context.print(`Created function '${name}' in ${dir} (runtime: ${template.runtime})`);
  context.print('Files created:');
  for (const [file] of files) context.print(` - ${file}`);
  context.print(`Run 'fastfn dev' here, then open http://127.0.0.1:8080/${name}`);
}

function checkName(name: string): void {
  const segments = name.split('/');
  if (/^[A-Za-z0-9_/-]+$/.test(name) && name.length <= 200 && segments.every((segment) => segment !== ''))
    return;
  const accepted = 'letters, digits, _ and -, with single / between folders';
  throw new CommandFailure(
    `cannot use the name ${JSON.stringify(name)}: accepted: ${accepted}`,
    exitStatus.usage,
  );
}

function templateOf(text: string) {
  if (Object.hasOwn(initTemplates, text)) return initTemplates[text as TemplateName];
  const accepted = Object.keys(initTemplates).join(', ');
  throw new CommandFailure(
    `cannot use the template ${JSON.stringify(text)}: accepted: ${accepted}`,
    exitStatus.usage,
  );
}
