// Which cgroups this gateway process has been lent, if any: looked at for `doctor`, taken into use for `serve`.

import type { Log } from '../log.ts';
import { hasExtendedAttribute } from '../sandbox/extended-attribute.ts';
import { type CgroupHost, findDelegatedCgroup, WorkerCgroups } from '../supervisor/cgroup.ts';

export interface CgroupsInUse {
  readonly cgroups: WorkerCgroups | null;
  /** Why there are none; null when there are. */
  readonly reason: string | null;
}

/** systemd sets both since version 251, the first alone before (systemd.resource-control(5), Delegate=). */
const delegationMarks = ['trusted.delegate', 'user.delegate'];

function thisHost(): CgroupHost {
  return {
    root: '/',
    pid: process.pid,
    parentPid: process.ppid,
    isRoot: process.geteuid?.() === 0,
    isMarkedDelegated: (path) => delegationMarks.some((name) => hasExtendedAttribute(path, name)),
  };
}

/** Before any child process is started. */
export function openCgroups(log: Log): CgroupsInUse {
  const host = thisHost();
  const opened = WorkerCgroups.open(findDelegatedCgroup(host), host, log);
  return typeof opened === 'string' ? { cgroups: null, reason: opened } : { cgroups: opened, reason: null };
}

/** What `openCgroups` would find; changes nothing. */
export function inspectCgroups(): CgroupsInUse {
  const found = findDelegatedCgroup(thisHost());
  return { cgroups: null, reason: found.kind === 'unavailable' ? found.reason : null };
}
