// Who workers become when the gateway was started as root: FN_WORKER_USER → numbers, by way of the host's own user and
// group files (passwd(5), group(5)). Never root, and nobody whom this host does not know by the name that was given.

import type { ConfigFault } from './config-fault.ts';

export interface WorkerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface UserSources {
  /** Effective user id of the gateway; null where the platform has none. */
  readonly uid: number | null;
  /** Text of a file; null when it does not exist. */
  readonly readFile: (path: string) => string | null;
}

export interface ResolvedWorkerUser {
  readonly user: WorkerUser | null;
  readonly fault: ConfigFault | null;
}

/** Ids are 32 bits, of which the highest means "no change" (chown(2)). */
const maxId = 0xffff_fffe;

/** @param text `name`, `uid`, `name:group` or `uid:gid`; without a group the user's own */
export function resolveWorkerUser(text: string, { uid, readFile }: UserSources): ResolvedWorkerUser {
  const fault = (accepted: string, severity: ConfigFault['severity']): ResolvedWorkerUser => ({
    user: null,
    fault: { file: 'environment', key: 'FN_WORKER_USER', found: JSON.stringify(text), accepted, severity },
  });
  if (uid !== 0)
    return fault('nothing, unless the gateway is started as root: workers keep its user', 'warning');
  const [name = '', group, ...rest] = text.split(':');
  if (rest.length > 0) return fault('name, uid, name:group or uid:gid', 'error');
  const known = findUser(name, readFile);
  if (known === null) return fault('a user of this host, or a number', 'error');
  const gid = group === undefined ? known.gid : findGroup(group, readFile);
  if (gid === null) return fault('a group of this host, or a number', 'error');
  if (known.uid === 0 || gid === 0) return fault('an ordinary user and group, not root', 'error');
  return { user: Object.freeze({ uid: known.uid, gid }), fault: null };
}

function findUser(name: string, readFile: UserSources['readFile']): WorkerUser | null {
  const number = parseId(name);
  const rows = rowsOf(readFile('/etc/passwd'));
  const row = rows.find(([login, , id]) => (number === null ? login === name : Number(id) === number));
  // A number needs no row; its group then has the same one.
  if (row === undefined) return number === null ? null : { uid: number, gid: number };
  const [uid, gid] = [parseId(row[2] ?? ''), parseId(row[3] ?? '')];
  return uid === null || gid === null ? null : { uid, gid };
}

function findGroup(name: string, readFile: UserSources['readFile']): number | null {
  const number = parseId(name);
  if (number !== null) return number;
  const row = rowsOf(readFile('/etc/group')).find(([group]) => group === name);
  return parseId(row?.[2] ?? '');
}

function rowsOf(text: string | null): readonly (readonly string[])[] {
  return (text ?? '').split('\n').map((line) => line.split(':'));
}

function parseId(text: string): number | null {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return id <= maxId ? id : null;
}
