// Why a host does not give its users mount namespaces, and what its operator can do about it: read only after one was
// asked for in vain, since a setting says less than a try.

import { readFileSync } from 'node:fs';

interface Restriction {
  /** Below /proc/sys. */
  readonly setting: string;
  readonly value: string;
  readonly hint: string;
}

// apparmor(7) of Ubuntu; user_namespaces(7); Debian's own switch.
const restrictions: readonly Restriction[] = [
  {
    setting: 'kernel/apparmor_restrict_unprivileged_userns',
    value: '1',
    hint: 'AppArmor keeps user namespaces from programs without a profile: give unshare one with "userns,", or set kernel.apparmor_restrict_unprivileged_userns=0',
  },
  {
    setting: 'kernel/unprivileged_userns_clone',
    value: '0',
    hint: 'set kernel.unprivileged_userns_clone=1',
  },
  { setting: 'user/max_user_namespaces', value: '0', hint: 'set user.max_user_namespaces to some thousands' },
];

/** Where no setting of the kernel forbids it. */
const otherwise =
  'what started the gateway may forbid it: a seccomp profile of its container, RestrictNamespaces= of its unit';

/** @param read value of a file below /proc/sys, or null where the kernel has no such setting */
export function namespaceHint(read: (setting: string) => string | null = readSetting): string {
  const found = restrictions.find(({ setting, value }) => read(setting) === value);
  return found?.hint ?? otherwise;
}

function readSetting(setting: string): string | null {
  try {
    return readFileSync(`/proc/sys/${setting}`, 'latin1').trim();
  } catch {
    return null;
  }
}
