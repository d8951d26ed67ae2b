// Processes that a killed gateway has left behind in a folder that was theirs: steps of builds whose leader died with the
// gateway while their children lived on. Known by the HOME that they were started with.

import { readdirSync, readFileSync } from 'node:fs';

/** The start of a process's environment; HOME stands in it. Bytes. */
const maxEnvironmentBytes = 65_536;

/** Kills every process of this user whose HOME is the folder or below it. Returns how many. */
export function endProcessesOf(folder: string): number {
  let ended = 0;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !hasHomeIn(pid, folder)) continue;
    try {
      process.kill(pid, 'SIGKILL');
      ended += 1;
    } catch {
      // ESRCH: it has ended; EPERM: it is not ours.
    }
  }
  return ended;
}

/** proc_pid_environ(5): as it was when the process was started, each variable closed by a zero byte. */
function hasHomeIn(pid: number, folder: string): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/environ`, 'utf8').slice(0, maxEnvironmentBytes);
    const home = text
      .split('\0')
      .find((variable) => variable.startsWith('HOME='))
      ?.slice(5);
    return home === folder || home?.startsWith(`${folder}/`) === true;
  } catch {
    return false; // It has ended, or belongs to somebody else.
  }
}
