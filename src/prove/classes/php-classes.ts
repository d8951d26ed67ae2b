// Which layer stops which way around the settings that guard PHP.

import { type AttackClass, type AttackRow, byBoth, byLandlock, bySeccomp, rowsOf } from '../attack-class.ts';

export const phpRows: Readonly<Record<string, AttackRow>> = {
  ...rowsOf(byLandlock(), [
    'file_get_contents',
    'file with a scheme',
    'file by a filter',
    'file by compression',
    'file by fopen',
    'file by SplFileObject',
    'file by copy',
    'file by include',
    'file by highlighting',
    'file by an ini parser',
    'folder by chdir',
    'folder by a widened open_basedir',
    'link',
    'own fn.env.json',
    'own code',
    'environ',
    'listen',
  ]),
  'hard link': byLandlock('EXDEV'),
  ...rowsOf(byLandlock('EPERM'), ['file by pattern', 'file by a glob stream']),
  ...rowsOf(bySeccomp(), [
    'shell_exec',
    'exec',
    'system',
    'passthru',
    'popen',
    'proc_open',
    'mail',
    'pcntl_fork',
    'library by putenv',
    'shared memory',
    'message queue',
    'semaphore',
  ]),
  kill: byBoth('EPERM'),
  'Unix socket': bySeccomp('EACCES'),
};

export const phpClasses: readonly AttackClass<'php'>[] = [{ name: 'php', language: 'php', rows: phpRows }];
