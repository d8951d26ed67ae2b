// Code that a function runs and that its sandbox must refuse, with the words in which it does. `dir` is the function's
// folder. From "Worth testing" of the sandbox contract.

export type Language = 'js' | 'py';

/** [what, language, code, words of the refusal] */
type Denied = readonly [what: string, language: Language, code: string, words: RegExp];

export const outside = /path outside strict function sandbox/;
const secret = /access to protected function config\/env file denied/;
const subprocess =
  /subprocess disabled by strict function sandbox|os\.system disabled by strict function sandbox/;
/** Where no guard stands before it, the kernel answers in its own words. */
const kernel = /EACCES|EPERM|Permission denied|Operation not permitted|not permitted/;
export const either = (guard: RegExp): RegExp => new RegExp(`${guard.source}|${kernel.source}`);

export const denied: readonly Denied[] = [
  ['/etc/passwd', 'js', "require('fs').readFileSync('/etc/passwd')", outside],
  ['/etc/passwd', 'py', 'open("/etc/passwd")', outside],
  ['a path as Buffer', 'js', "require('fs').readFileSync(Buffer.from('/etc/passwd'))", outside],
  ['a path as URL', 'js', "require('fs').readFileSync(new URL('file:///etc/passwd'))", outside],
  ['a path by promises.open', 'js', "await require('fs').promises.open('/etc/passwd')", outside],
  [
    'copyFileSync from outside',
    'js',
    "require('fs').copyFileSync('/etc/passwd', process.env.TMPDIR + '/copy')",
    outside,
  ],
  ['opendirSync outside', 'js', "require('fs').opendirSync('/etc')", outside],
  [
    'a link of its own to outside',
    'js',
    "const name = process.env.TMPDIR + '/link'; require('fs').symlinkSync('/etc/passwd', name); require('fs').readFileSync(name)",
    either(/API requires full fs\.read and fs\.write/),
  ],
  [
    'a worker thread',
    'js',
    "const { Worker } = require('worker_threads'); new Worker(`require('fs').readFileSync('/etc/passwd')`, { eval: true })",
    either(/worker threads disabled by strict function sandbox|Access to this API has been restricted/),
  ],
  ['io.FileIO', 'py', 'import io; io.FileIO("/etc/passwd")', outside],
  ['posix.open', 'py', 'import posix; posix.open("/etc/passwd", 0)', outside],
  [
    'a thread',
    'py',
    [
      'import threading',
      'failures = []',
      'def read():',
      '    try: open("/etc/passwd")',
      '    except OSError as failure: failures.append(failure)',
      'thread = threading.Thread(target=read)',
      'thread.start(); thread.join()',
      'raise failures[0]',
    ].join('\n'),
    outside,
  ],
  ['os.posix_spawn', 'py', 'import os; os.posix_spawn("/bin/true", ["true"], {})', subprocess],
  ['os.fork', 'py', 'import os; os.fork()', subprocess],
  ['subprocess.run', 'py', 'import subprocess; subprocess.run(["true"])', subprocess],
  ['os.system', 'py', 'import os; os.system("true")', subprocess],
  ['child_process', 'js', "require('child_process').execSync('true')", subprocess],
  ['its own fn.env.json', 'js', "require('fs').readFileSync(dir + '/fn.env.json')", secret],
  ['its own fn.env.json', 'py', 'open(dir + "/fn.env.json")', secret],
  ['its own fn.config.json', 'js', "require('fs').readFileSync(dir + '/fn.config.json')", secret],
  ['its own fn.config.json', 'py', 'open(dir + "/fn.config.json")', secret],
  ['a protected file below its folder', 'js', "require('fs').readFileSync(dir + '/sub/fn.env.json')", secret],
  ['a protected file below its folder', 'py', 'open(dir + "/sub/fn.env.json")', secret],
  ["a sibling's fn.env.json", 'js', "require('fs').readFileSync(dir + '/../py/fn.env.json')", secret],
  ["a sibling's fn.env.json", 'py', 'open(dir + "/../js/fn.env.json")', secret],
  ["a sibling's data", 'js', "require('fs').readFileSync(dir + '/../js2/data.txt')", outside],
  ["a sibling's data", 'py', 'open(dir + "/../py2/data.txt")', outside],
  ['its own handler for writing', 'js', "require('fs').appendFileSync(dir + '/post.js', 'x')", outside],
  ['its own handler for writing', 'py', 'open(dir + "/post.py", "a")', outside],
  [
    'a link in its folder that leads outside',
    'js',
    "require('fs').readFileSync(dir + '/link.txt')",
    either(outside),
  ],
  ['a link in its folder that leads outside', 'py', 'open(dir + "/link.txt")', either(outside)],
  ['/tmp', 'js', "require('fs').readdirSync('/tmp')", outside],
  ['/tmp', 'py', 'import os; os.listdir("/tmp")', outside],
];
