// `fastfn secrets`: the operator's secrets on this host. Values come from standard input or a file, never from the command
// line, where every process could read them; none is ever printed. A gateway that runs notices within a second.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SecretFault, SecretStore } from '../secrets/secret-store.ts';
import { secretStoreOptions } from '../secrets/store-place.ts';
import { type CliContext, type CommandAdder, CommandFailure, exitStatus } from './cli-context.ts';
import { loadOrFail } from './configuration.ts';
import { textTable } from './text-table.ts';

const maxInputBytes = 65_537;
/** Shorter values are not masked. */
const minMaskedLength = 4;

type Flags = Readonly<Record<string, unknown>>;
type Action = (store: SecretStore, flags: Flags, name: string) => Promise<void>;

export const addSecretsCommands: CommandAdder = (program, context) => {
  const secrets = program.command('secrets').description("the operator's secrets");
  const add = (usage: string, text: string, action: Action): Command => {
    const command = secrets.command(usage).description(text);
    command.option('--dir <dir>', 'functions folder, whose state folder holds the secrets');
    command.action((...args: unknown[]) => {
      const [flags, name] = args.length > 2 ? [args[1], args[0]] : [args[0], ''];
      const global = program.opts<Flags>();
      return run(context, { ...global, ...(flags as Flags) }, String(name), action);
    });
    return command;
  };
  add('set <name>', 'keeps a value, read from standard input', (store, flags, name) =>
    setSecret(context, store, flags, name),
  ).option('--from <file>', 'read the value from this file');
  add('list', 'names, versions and times; never a value', async (store, flags) =>
    listSecrets(context, store, flags),
  ).option('--json', 'for programs');
  add('rotate', 'seals everything with a new key', (store) => rotate(context, store));
  add('remove <name>', 'deletes a secret for good', async (store, _flags, name) => {
    if (!(await store.remove(name)))
      throw new CommandFailure(`cannot remove ${name}: there is no such secret`);
    context.print(`Removed ${name}.`);
  });
  add('rollback <name>', 'goes back to the value before', async (store, _flags, name) => {
    context.print(`${name} has its earlier value again, as version ${await store.rollBack(name)}.`);
  });
};

async function run(context: CliContext, flags: Flags, name: string, action: Action): Promise<void> {
  const { dir, config: file } = flags;
  const argument = typeof dir === 'string' ? dir : undefined;
  const config = await loadOrFail(context, { mode: 'serve', argument, flags: { config: file } });
  try {
    await action(await SecretStore.open(secretStoreOptions(config)), flags, name);
  } catch (error) {
    if (error instanceof SecretFault) throw new CommandFailure(error.message, exitStatus.usage);
    throw error;
  }
}

async function setSecret(
  context: CliContext,
  store: SecretStore,
  { from }: Flags,
  name: string,
): Promise<void> {
  const bytes =
    typeof from === 'string'
      ? await readInput(resolve(context.cwd, from))
      : await context.readInput(maxInputBytes);
  // The line feed that an editor or `echo` puts behind it is no part of it.
  const value = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (!Buffer.from(value).equals(bytes.subarray(0, Buffer.byteLength(value))))
    throw new CommandFailure('cannot use this value: it is no UTF-8 text', exitStatus.usage);
  const outcome = await store.set(name, value);
  context.print(`${outcome === 'created' ? 'Created' : 'Updated'} ${name}.`);
  if (value.length < minMaskedLength)
    context.printError(`Warning: ${name} is too short to be masked in logs and answers`);
}

async function readInput(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new CommandFailure(`cannot read ${path}: ${code}`);
  }
}

function listSecrets(context: CliContext, store: SecretStore, { json }: Flags): void {
  const secrets = store.list();
  if (json === true) {
    context.print(JSON.stringify(secrets));
    return;
  }
  if (secrets.length === 0) context.print('There are no secrets.');
  else {
    const time = (ms: number) => new Date(ms).toISOString();
    const rows = secrets.map(({ name, version, updated, keyId, readable }) => [
      ...[name, String(version), time(updated), keyId],
      readable ? '' : 'no key opens it',
    ]);
    context.print(textTable(['NAME', 'VERSION', 'UPDATED', 'KEY', ''], rows));
  }
}

async function rotate(context: CliContext, store: SecretStore): Promise<void> {
  const { keyId, madeKey } = await store.rotate();
  context.print(
    `All secrets are sealed with ${madeKey ? 'a new key' : 'the first key of the key file'}, ${keyId}.`,
  );
  if (!madeKey)
    context.print(
      'For a new key put one on top of the key file and rotate again; then take the old one out.',
    );
}
