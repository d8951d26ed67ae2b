// Options of the jail. Source: contract/sandbox.md 1. Switches that a typo could weaken refuse unknown words.

import { closedNetwork, networkOfPorts, openNetwork } from '../../policy/network-grants.ts';
import type { NetworkGrants } from '../../policy/sandbox-policy.ts';
import { type NamespaceUse, namespaceUses } from '../../policy/sandbox-rules.ts';
import { accept, type Option, type Outcome, reject } from '../option.ts';
import { readBoolExact, readBoolOff, readOneOf, readText, toList } from '../option-readers.ts';

/** One more folder or file that workers may touch; the path is as written. */
export interface AllowEntry {
  readonly path: string;
  readonly write: boolean;
}

const strictFs: Option<boolean> = {
  doc: 'Jails every worker; off leaves only resource limits and a clean environment.',
  accepted: 'true or false',
  env: 'FN_STRICT_FS',
  key: 'strict-fs',
  fallback: true,
  read: readBoolOff,
};

const strictFsAllow: Option<readonly AllowEntry[]> = {
  doc: 'Further folders that workers may read and write; `:ro` after a path makes it read-only.',
  accepted: 'paths separated by comma or colon, each with an optional :ro',
  env: 'FN_STRICT_FS_ALLOW',
  key: 'strict-fs-allow',
  fallback: [],
  read: (raw) => accept(parseAllowList(raw)),
};

/** Splits on `,` and `:`; a `ro` or `rw` of its own after a colon belongs to the path before it. */
function parseAllowList(raw: unknown): readonly AllowEntry[] {
  const groups = Array.isArray(raw) ? raw.map(String) : String(raw).split(',');
  const entries: AllowEntry[] = [];
  for (const group of groups) {
    const first = entries.length;
    for (const part of group.split(':').map((text) => text.trim())) {
      const last = entries.length > first ? entries.at(-1) : undefined;
      if (last !== undefined && (part === 'ro' || part === 'rw')) {
        entries[entries.length - 1] = { path: last.path, write: part === 'rw' };
      } else if (part !== '') {
        entries.push({ path: part, write: true });
      }
    }
  }
  return entries;
}

const strictFsLock: Option<boolean> = {
  doc: 'Ignores `strict_fs: false` of single functions; on in serve, off in dev.',
  accepted: '1 or 0',
  env: 'FN_STRICT_FS_LOCK',
  key: 'strict-fs-lock',
  fallback: true,
  devFallback: false,
  read: readBoolExact,
};

const sandboxRequired: Option<boolean> = {
  doc: 'Refuses to start where the kernel cannot enforce the jail.',
  accepted: '1 or 0',
  env: 'FN_SANDBOX_REQUIRED',
  key: 'sandbox-required',
  fallback: false,
  read: readBoolExact,
};

const sandboxNetwork: Option<NetworkGrants> = {
  doc: 'Widest network of every function; a function can only narrow it.',
  accepted: 'all, none, or a list of TCP ports, with udp among them where UDP is allowed too',
  env: 'FN_SANDBOX_NETWORK',
  key: 'sandbox-network',
  fallback: openNetwork,
  read: readNetwork,
};

/** Anything unclear is an error: a typo must not open the network. */
function readNetwork(raw: unknown): Outcome<NetworkGrants> {
  const words = toList(raw).map((word) => word.toLowerCase());
  const [only] = words;
  if (words.length === 1 && only === 'all') return accept(openNetwork);
  if (words.length === 1 && only === 'none') return accept(closedNetwork);
  const ports = words.filter((word) => word !== 'udp');
  const wrong = ports.find((port) => !/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535);
  if (words.length === 0 || wrong !== undefined) return reject(wrong === undefined ? {} : { found: wrong });
  return accept(networkOfPorts(ports.map(Number), words.includes('udp')));
}

const sandboxNamespace: Option<NamespaceUse> = {
  doc: 'Who gets a minimal root of its own, in which other files do not even exist.',
  accepted: `${namespaceUses.slice(0, -1).join(', ')} or ${namespaceUses.at(-1)}`,
  env: 'FN_SANDBOX_NAMESPACE',
  key: 'sandbox-namespace',
  fallback: 'asked',
  read: readOneOf(namespaceUses),
};

const workerUser: Option<string | null> = {
  doc: 'User that workers become when the gateway is started as root.',
  accepted: 'name, uid, name:group or uid:gid of an ordinary user',
  env: 'FN_WORKER_USER',
  key: 'worker-user',
  fallback: null,
  read: readText(200),
};

export const sandboxOptions = {
  strictFs,
  strictFsAllow,
  strictFsLock,
  sandboxRequired,
  sandboxNetwork,
  sandboxNamespace,
  workerUser,
};
