// Whether this host can give workers a minimal root, found out by starting a program in one, when somebody first asks:
// a gateway whose functions do not want it never pays for the answer. What a worker's root holds is sandbox/root-plan.ts.

import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { ProgramFiles } from '../config/program-files.ts';
import { silentLog } from '../log.ts';
import { closedNetwork } from '../policy/network-grants.ts';
import { defaultResourceLimits } from '../policy/sandbox-policy.ts';
import type { Capabilities } from '../sandbox/capabilities.ts';
import { planCommand } from '../sandbox/command-plan.ts';
import { namespaceHint } from '../sandbox/namespace-hint.ts';
import type { NamespaceWay } from '../sandbox/root-plan.ts';
import type { SystemGrants } from '../sandbox/system-grants.ts';
import { type CommandOutcome, CommandRunner } from '../supervisor/command-runner.ts';
import type { LauncherCommand } from '../supervisor/launcher-process.ts';

export type NamespaceFinding =
  | {
      readonly way: NamespaceWay;
      /** Starts a launcher that can go that way. */
      readonly launcher: LauncherCommand;
    }
  /** In words, without paths of the host. */
  | { readonly way: null; readonly missing: string };

/** Why there is no tier; null: there is one, or nobody has asked. */
export function missingOf(finding: NamespaceFinding | null): string | null {
  return finding?.way === null ? finding.missing : null;
}

export interface NamespaceSearch {
  readonly config: Pick<GatewayConfig, 'workerUser'>;
  readonly capabilities: Capabilities;
  readonly programs: Pick<ProgramFiles, 'launcher' | 'idle'>;
  readonly system: SystemGrants;
  /** Existing folder without links in which one folder is made and removed again. */
  readonly tempParent: string;
}

/** Ours: a launcher and one more start of Node, on a host that is busy with something else. */
const tryMs = 10_000;

/** util-linux, since 2.36; a unit may have no PATH, and nothing else on it must be taken for this. */
const unsharePrograms = ['/usr/bin/unshare', '/bin/unshare', '/usr/local/bin/unshare'];

/**
 * unshare(1): becomes the launcher without another process in between, so pid, process group and parent stay as they are.
 * The user stays the same, too, and keeps the capabilities that it has in its own namespace until the launcher drops them.
 */
const unshareFlags = ['--user', '--map-current-user', '--keep-caps', '--mount', '--propagation', 'private'];

export class NamespaceTier {
  readonly #search: NamespaceSearch;
  #finding: Promise<NamespaceFinding> | null = null;
  #found: NamespaceFinding | null = null;

  constructor(search: NamespaceSearch) {
    this.#search = search;
  }

  /** null: nobody has asked yet. */
  get found(): NamespaceFinding | null {
    return this.#found;
  }

  /** Tries it once, about 100 ms; never rejects. */
  find(): Promise<NamespaceFinding> {
    this.#finding ??= findNamespace(this.#search).then((found) => {
      this.#found = found;
      return found;
    });
    return this.#finding;
  }
}

async function findNamespace(search: NamespaceSearch): Promise<NamespaceFinding> {
  const { ffi, mountApi } = search.capabilities;
  if (!ffi) return { way: null, missing: 'the launcher needs Linux on x64 or arm64 and node:ffi' };
  if (!mountApi)
    return { way: null, missing: 'this kernel is too old for it: mount_setattr came with Linux 5.12' };
  const reasons = new Set<string>();
  for (const way of waysOf(search)) {
    const launcher = launcherFor(way, search);
    if (launcher === null) {
      reasons.add('unshare is not installed: it is part of util-linux');
      continue;
    }
    const reason = failureOf(await tryWay(way, launcher, search));
    if (reason === null) return { way, launcher };
    reasons.add(reason);
  }
  return { way: null, missing: `${[...reasons].join('; ')}; ${namespaceHint()}` };
}

function waysOf({ config }: NamespaceSearch): readonly NamespaceWay[] {
  if (process.geteuid?.() !== 0) return ['unshare'];
  // In a user namespace of one user nobody can become another.
  return config.workerUser === null ? ['mount', 'unshare'] : ['mount'];
}

function launcherFor(way: NamespaceWay, { programs }: NamespaceSearch): LauncherCommand | null {
  const { file, args } = programs.launcher;
  // No variable of ours reaches the launcher, and so none the worker.
  if (way === 'mount') return { file, args, env: {} };
  const unshare = unsharePrograms.find((path) => existsSync(path));
  return unshare === undefined
    ? null
    : { file: unshare, args: [...unshareFlags, '--', file, ...args], env: {} };
}

/** The whole jail with a minimal root, and in it a program that ends at once. */
async function tryWay(
  way: NamespaceWay,
  launcher: LauncherCommand,
  { config, capabilities, programs, system, tempParent }: NamespaceSearch,
): Promise<CommandOutcome> {
  const ownDir = mkdtempSync(join(tempParent, 'fastfn-try-'));
  if (config.workerUser !== null) chownSync(ownDir, config.workerUser.uid, config.workerUser.gid);
  const limits = defaultResourceLimits;
  const { file, args, readable } = programs.idle;
  const policy = {
    strict: true,
    files: { read: readable, list: [], write: [], execute: [file] },
    network: closedNetwork,
    namespace: true,
    limits,
  };
  const plan = planCommand({
    ...{ policy, capabilities, system, file, args, ownDir, workingDir: ownDir },
    env: {},
    identity: config.workerUser,
    namespaceWay: way,
  });
  const runner = new CommandRunner({ launcher, cgroups: null, clock: systemClock, log: silentLog });
  try {
    const spec = { name: 'a try of a mount namespace', plan, limits, folders: [], timeoutMs: tryMs };
    return await runner.run(spec, new AbortController().signal);
  } finally {
    await runner.close();
    rmSync(ownDir, { recursive: true, force: true });
  }
}

/** null: it worked. */
function failureOf(outcome: CommandOutcome): string | null {
  switch (outcome.kind) {
    case 'ok':
      return null;
    case 'failed': {
      const [said] = outcome.stderr.filter((line) => line.startsWith('unshare: '));
      return withoutPaths(said ?? outcome.reason);
    }
    case 'limit':
      return outcome.text;
    case 'timeout':
    case 'cancelled':
      return `it did not end within ${tryMs} ms`;
  }
}

/** Health shows it. */
function withoutPaths(text: string): string {
  return text.replaceAll(/(?<=^|\s)\/\S+/g, 'a file').slice(0, 200);
}
