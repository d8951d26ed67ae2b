// Mode and times of files. Landlock does not govern them, so no worker may change them anywhere; but honest programs set
// them on files that they have just made (fs.copyFile, shutil.copy) and give up when they cannot. So these calls answer
// success and do nothing: in a worker's private folder nobody but the function itself could tell. Where the operator has
// granted a folder that others see too, a mode that was to hide a file is refused instead of pretended.

import { type Check, pretend, type Rule, refuse, type Verdict } from './rule.ts';

const isNull = (arg: 1 | 2): Check[] => [
  { arg, half: 'low', anyOf: [0] },
  { arg, half: 'high', anyOf: [0] },
];

/**
 * utimensat(2). Without a path it names an open file, without times it means "now": that is how a program touches a file,
 * and makes the file if the touch fails (Python's Path.touch). Success would tell it that the file is there.
 *
 * @param now verdict on "now" for a path
 */
export function timesRule(now: Verdict): Rule {
  return {
    cases: [
      { when: isNull(1), verdict: pretend },
      { when: isNull(2), verdict: now },
    ],
    allowWhen: [],
    otherwise: pretend,
  };
}

/** S_IRGRP and S_IROTH of <sys/stat.h>. */
const readableByAll = 0o044;

/** @param arg where the call has its mode */
const modeRule = (arg: 1 | 2, shared: boolean): Rule =>
  shared
    ? {
        cases: [{ when: [{ arg, mask: readableByAll, anyOf: [readableByAll] }], verdict: pretend }],
        allowWhen: [],
        otherwise: refuse('EPERM'),
      }
    : pretend;

/** @param shared there is a folder to write to that is not the worker's alone */
export function metadataRules(shared: boolean): Record<string, Rule> {
  return {
    chmod: modeRule(1, shared),
    fchmod: modeRule(1, shared),
    fchmodat: modeRule(2, shared),
    fchmodat2: modeRule(2, shared),
    utimensat: timesRule(refuse('EPERM')),
  };
}
