// Which layer stops which way around Python's language guard.

import { type AttackClass, byBoth, byLandlock, bySeccomp, rowsOf } from '../attack-class.ts';

const escapes: AttackClass<'python'> = {
  name: 'python',
  language: 'python',
  rows: {
    ...rowsOf(byLandlock(), [
      'read by open',
      'read by io.FileIO',
      'read by _io.open',
      'read by io.open_code',
      'read by posix.open',
      'read by an opener',
      'read by bytes',
      'read by a disguised text',
      'read by dots',
      "read by a folder's descriptor",
      'read in a thread',
      'read by the C library',
      'read by a function pointer',
      'read by a loader',
      'read as a certificate',
      "run a sibling's code",
      'list by os.scandir',
      'write own code',
      'write own byte code',
      'hook that hears nothing',
      'guard disarmed by the collector',
      'guard disarmed by its code',
      'guard disarmed by its module',
      'guard widened through its objects',
    ]),
    ...rowsOf(byLandlock('OperationalError'), ['read by SQLite', 'attach by SQLite']),
    ...rowsOf(byLandlock('ENOENT'), ["import a sibling's code", 'open an archive of a sibling']),
    ...rowsOf(bySeccomp(), [
      'child by posix.fork',
      'child by posix_spawnp',
      'child by fork_exec',
      'child by asyncio',
      'child in a thread',
      'system by the C library',
    ]),
    'kill the gateway': byBoth('EPERM'),
  },
};

export const pythonClasses: readonly AttackClass<'python'>[] = [escapes];
