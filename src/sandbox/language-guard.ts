// Flags of Node's own permission model (https://nodejs.org/api/permissions.html), from the same policy as the kernel's rules.
// It gives errors that a person understands and refuses what the kernel cannot see: add-ons, workers, inspector, FFI, WASI.

import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import type { SystemGrants } from './system-grants.ts';

/** In a command's arguments: stands for the worker's private folder, which is known only when a worker is planned. */
export const tempDirPlaceholder = '{fastfn-temp-dir}';

/** Puts the private folder in the place of `tempDirPlaceholder`. */
export function withTempDir(args: readonly string[], tempDir: string): string[] {
  return args.map((arg) => arg.replaceAll(tempDirPlaceholder, tempDir));
}

// `--allow-net` announces itself as experimental on every start.
const permissionModel = ['--permission', '--disable-warning=ExperimentalWarning'];

const flags = (name: string, paths: readonly string[]): string[] => paths.map((path) => `${name}=${path}`);

/** Likewise for a language whose functions cannot ask for files or sockets: the policy's own reads and nothing else. */
export function sealedPermissionFlags(policy: SandboxPolicy): string[] {
  if (!policy.strict) return [];
  return [...permissionModel, ...flags('--allow-fs-read', [...new Set(policy.files.read)])];
}

/**
 * Arguments for Node, to stand before the worker program. None when the policy is not strict. `files.list` is left to the
 * kernel: this model has no right to list without reading.
 */
export function nodePermissionFlags(policy: SandboxPolicy, system: SystemGrants): string[] {
  if (!policy.strict) return [];
  const { files, network } = policy;
  const written = [...files.write, tempDirPlaceholder];
  const online = network.udp || network.outboundTcp !== 'none';
  return [
    ...permissionModel,
    ...flags('--allow-fs-read', [...new Set([...system.read, ...system.devices, ...files.read, ...written])]),
    ...flags('--allow-fs-write', [...system.devices, ...written]),
    ...(online ? ['--allow-net'] : []),
  ];
}
