// Which limit stops which attempt to take more of the host than was granted.

import { type AttackClass, byProcess, bySeccomp, rowsOf } from '../attack-class.ts';

const resources: AttackClass<'python'> = {
  name: 'resources',
  language: 'python',
  rows: {
    ...rowsOf(byProcess('EMFILE'), ['400 open files', '400 ends of pipes']),
    ...rowsOf(byProcess('EFBIG'), [
      'file of 65 MiB',
      'file of 65 MiB by truncate',
      'file of 65 MiB by fallocate',
      'file of 65 MiB by copy',
    ]),
    '5 GiB of private memory': byProcess('ENOMEM'),
    ...rowsOf({ capabilities: 'ENOMEM', kernel: 'ENOMEM' }, ['4 MiB of locked memory', 'all memory locked']),
    ...rowsOf({ capabilities: 'EPERM', kernel: 'EPERM' }, [
      'raise the file size limit',
      'raise the open files limit',
      'raise the data limit',
      'real-time scheduling',
      'real-time I/O',
    ]),
    'higher priority': { capabilities: 'EACCES', kernel: 'EACCES' },
    'large pipe': bySeccomp(),
  },
};

const tooMuch: AttackClass<'python'> = {
  name: 'resources',
  variant: 'too much',
  language: 'python',
  fatal: true,
  intrusive: true,
  unguarded: true,
  rows: {
    ...rowsOf({ kernel: 'memory' }, ['1 GiB of memory', '1 GiB of shared memory']),
    '1,000 threads': { kernel: 'threads' },
  },
};

export const resourceClasses: readonly AttackClass<'python'>[] = [resources, tooMuch];
