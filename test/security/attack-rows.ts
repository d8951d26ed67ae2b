// The corpus as a table: row = attempt, columns = what it must meet at each level. `ok` in a column means that this layer
// alone does not stop the attempt: the table says which layer carries which row. The last column is what counts.

import type { AttackLevel, AttackRun, Outcomes } from './attack-runner.ts';

export interface AttackClass {
  readonly name: string;
  readonly options: Pick<AttackRun, 'network' | 'firstPortOnly'>;
  readonly levels: readonly AttackLevel[];
  /** attempt → outcomes in the order of `levels`. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
  /** Attempts that must get through: an honest function makes them. */
  readonly honest?: readonly string[];
}

const kernelLevels: readonly AttackLevel[] = ['landlock', 'seccomp', 'full'];

const only = (level: 'landlock' | 'seccomp', errno: string, others: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(others).map(([name, full]) => {
      const answer = full === '' ? errno : full;
      return [name, level === 'landlock' ? [answer, 'ok', answer] : ['ok', answer, answer]];
    }),
  );

const files: AttackClass = {
  name: 'files',
  options: {},
  levels: kernelLevels,
  rows: {
    ...only('landlock', 'EACCES', {
      'read /etc/passwd': '',
      'list /etc': '',
      'read own fn.env.json': '',
      'read a sibling function': '',
      'append to own code': '',
      'create a file beside own code': '',
      'truncate own code by path': '',
      'truncate own code read-only': '',
      'delete own code': '',
      'make a folder beside own code': '',
      'write to /dev/shm': '',
      'write beside the private folder': '',
      'symbolic link in the private folder': '',
      'hard link of fn.env.json': 'EXDEV',
      'rename fn.env.json out': '',
      'granted entry that is a link': '',
      "list the gateway's socket folder": '',
    }),
    'named pipe': ['EACCES', 'EPERM', 'EPERM'],
    'watch a folder for names': ['ok', 'EPERM', 'EPERM'],
  },
};

const proc: AttackClass = {
  name: 'proc',
  options: {},
  levels: ['landlock', 'full'],
  rows: Object.fromEntries(
    [
      'own environ',
      "the gateway's environ",
      "the gateway's command line",
      "the gateway's memory",
      'own memory as a file',
      "the gateway's program",
      "the gateway's descriptors",
      'list of processes',
      'kernel settings',
    ].map((name) => [name, ['EACCES', 'EACCES']]),
  ),
};

const metadata: AttackClass = {
  name: 'metadata',
  options: {},
  levels: kernelLevels,
  rows: only('seccomp', 'EPERM', {
    'chmod own code': '',
    "chmod the gateway's socket folder": '',
    'chmod own fn.env.json': '',
    'fchmod through a read-only descriptor': '',
    'fchmodat2 through an O_PATH descriptor': '',
    'chown own code': '',
    fchown: '',
    'utimes of own code': '',
    'utimes by descriptor': '',
    setxattr: '',
    'inode flags by ioctl': '',
    'lease on own code': '',
  }),
};

const descriptors: AttackClass = {
  name: 'descriptors',
  options: {},
  levels: ['full'],
  rows: { 'an inherited descriptor': ['EBADF'], "input is the gateway's pipe": ['ENODEV'] },
};

const processes: AttackClass = {
  name: 'processes',
  options: {},
  levels: ['seccomp', 'full'],
  rows: {
    ...Object.fromEntries(
      [
        'fork',
        'clone without CLONE_THREAD',
        'posix_spawn',
        'subprocess',
        'system',
        'execve of the interpreter',
        'execve through the loader',
        'execveat of a descriptor',
        'execve of a written copy',
        'leave the process group',
        'ptrace the gateway',
        "read the gateway's memory",
        'pidfd of the gateway',
        'namespace',
        'survive the gateway',
      ].map((name) => [name, ['EPERM', 'EPERM']]),
    ),
    clone3: ['ENOSYS', 'ENOSYS'],
  },
};

const everyLevel = (names: readonly string[], levels: number, errno: string) =>
  Object.fromEntries(names.map((name) => [name, Array<string>(levels).fill(errno)]));

const signals: AttackClass = {
  name: 'signals',
  options: {},
  levels: kernelLevels,
  rows: {
    ...everyLevel(['kill the gateway', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo'], 3, 'EPERM'),
    ...only('seccomp', 'EPERM', { "own the gateway's SIGIO": '' }),
    tkill: ['EPERM', 'ok', 'EPERM'],
  },
};

const others: AttackClass = {
  name: 'others',
  options: {},
  levels: ['seccomp', 'full'],
  rows: everyLevel(
    [
      'prlimit of the gateway',
      'priority of the gateway',
      'affinity of the gateway',
      'scheduler of the gateway',
      'I/O priority of the gateway',
    ],
    2,
    'EPERM',
  ),
};

const ipc: AttackClass = {
  name: 'ipc',
  options: {},
  levels: ['seccomp', 'full'],
  rows: {
    ...everyLevel(["connect to the gateway's socket", 'connect to an abstract socket'], 2, 'EACCES'),
    ...everyLevel(
      [
        'datagram pair to a path',
        'System V shared memory',
        'System V semaphores',
        'System V messages',
        'POSIX message queue',
        'anonymous file',
      ],
      2,
      'EPERM',
    ),
  },
};

const socketsBySeccomp = {
  'listen on TCP': 'EPERM',
  'netlink socket': '',
  'vsock socket': '',
  'kernel crypto socket': '',
  'multipath TCP': '',
  'connect while sending': 'EPERM',
};

const network: AttackClass = {
  name: 'network',
  options: { firstPortOnly: true },
  levels: kernelLevels,
  rows: {
    ...only('landlock', 'EACCES', { 'bind a TCP port': '', 'connect to another port': '' }),
    ...only('seccomp', 'EACCES', socketsBySeccomp),
    'raw socket': ['EPERM', 'EACCES', 'EACCES'],
    'packet socket': ['EPERM', 'EACCES', 'EACCES'],
  },
  honest: ['connect to an allowed port', 'datagram'],
};

const noNetwork: AttackClass = {
  name: 'network',
  options: { network: { outboundTcp: 'none', udp: false } },
  levels: ['full'],
  rows: everyLevel(
    ['connect to an allowed port', 'connect to another port', 'connect while sending', 'datagram'],
    1,
    'EACCES',
  ),
};

const kernel: AttackClass = {
  name: 'kernel',
  options: {},
  levels: ['seccomp', 'full'],
  rows: everyLevel(
    [
      'bpf',
      'perf_event_open',
      'io_uring',
      'userfaultfd',
      'keyring',
      'file system context',
      'chroot',
      'host name',
      'kernel log',
      'personality',
      'file handle',
      'setuid',
      'drop to another user',
      'clock',
    ],
    2,
    'EPERM',
  ),
};

const resources: AttackClass = {
  name: 'resources',
  options: {},
  levels: ['full'],
  rows: {
    '400 open files': ['EMFILE'],
    'file of 65 MiB': ['EFBIG'],
    '5 GiB of private memory': ['ENOMEM'],
    '4 MiB of locked memory': ['ENOMEM'],
    'raise the file size limit': ['EPERM'],
  },
};

const guard = 'ERR_ACCESS_DENIED';
const readRow = ['EACCES', guard];

const node: AttackClass = {
  name: 'node',
  options: {},
  levels: ['full', 'guarded'],
  rows: {
    'read by text': readRow,
    'read by Buffer': readRow,
    'read by URL': readRow,
    'read by promise': readRow,
    'read as a stream': readRow,
    'copy into the private folder': readRow,
    'open a folder': readRow,
    'read through a link': readRow,
    'read through a binding': readRow,
    'read in a worker thread': readRow,
    'write own code': readRow,
    'read own fn.env.json': readRow,
    spawnSync: ['EPERM', guard],
    'child through a binding': ['EPERM', guard],
    'read through ffi': ['EACCES', guard],
    'kill the gateway': ['EPERM', 'EPERM'],
    'serve TCP': ['EACCES', 'EACCES'],
    'serve a Unix socket': ['EACCES', 'EACCES'],
  },
};

export const attackClasses: readonly AttackClass[] = [
  files,
  proc,
  metadata,
  descriptors,
  processes,
  signals,
  others,
  ipc,
  network,
  noNetwork,
  kernel,
  resources,
  node,
];

/**
 * Rows whose outcome differs from the table, as lines for people.
 * @param baseline what the attempts met without a jail: where a layer does not stop an attempt, it meets the same.
 */
export function differences(
  attack: AttackClass,
  level: AttackLevel,
  outcomes: Outcomes,
  baseline: Outcomes,
): string[] {
  const column = attack.levels.indexOf(level);
  return Object.entries(attack.rows).flatMap(([attempt, row]) => {
    const expected = row[column] === 'ok' ? baseline[attempt] : row[column];
    const met = outcomes[attempt];
    return met === expected ? [] : [`${attack.name}: ${attempt} met ${met}, expected ${expected} (${level})`];
  });
}
