// Mode and times of files. Landlock does not govern them, so no worker may change them anywhere; but honest programs set
// them on files that they have just made (fs.copyFile, shutil.copy, tarfile) and give up when they cannot. So these calls
// answer success and do nothing, where the only folder that a worker can write to is its own: nobody but the function
// itself could tell. Where the operator has granted a shared folder they are refused, for there a mode that was not set
// would be a lie that shows a file to others.

import { type Check, pretend, type Rule, refuse, type Verdict } from './rule.ts';

const isNull = (arg: 1 | 2): Check[] => [
  { arg, half: 'low', anyOf: [0] },
  { arg, half: 'high', anyOf: [0] },
];

/**
 * utimensat(2). Without a path it names an open file, without times it means "now": that is how a program touches a file,
 * and makes the file if the touch fails (Python's Path.touch). Success would tell it that the file is there.
 */
const touching: Rule = {
  cases: [
    { when: isNull(1), verdict: pretend },
    { when: isNull(2), verdict: refuse('EPERM') },
  ],
  allowWhen: [],
  otherwise: pretend,
};

/** @param pretended false: every change of mode or times is refused with EPERM. */
export function metadataRules(pretended: boolean): Record<string, Rule> {
  const refused: Verdict = refuse('EPERM');
  const mode = pretended ? pretend : refused;
  return {
    chmod: mode,
    fchmod: mode,
    fchmodat: mode,
    fchmodat2: mode,
    utimensat: pretended ? touching : refused,
  };
}
