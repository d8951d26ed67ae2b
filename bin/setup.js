// What `npm start`, `npm test` and the other scripts run on a checkout: brings what is missing, then does the task with
// Node 26. Plain JavaScript without dependencies, for it must work when node_modules does not exist yet.
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { NODE_FLAGS, findNode, failWithoutNode, runInPlace } = require('./node26.js');

const root = path.dirname(__dirname);
const modules = path.join(root, 'node_modules');

/** Languages and installers that tests use and npm cannot bring: a command to look for, and the Debian package that has it. */
const HOST_LANGUAGES = [
  { command: 'python3', debianPackage: 'python3' },
  { command: 'pip3', debianPackage: 'python3-pip' },
  { command: 'php', debianPackage: 'php-cli' },
  { command: 'composer', debianPackage: 'composer' },
];

const TEST_FILES = [
  'test/tidy.test.ts',
  'test/unit/**/*.test.ts',
  'test/integration/**/*.test.ts',
  'test/conformance/**/*.test.ts',
  'test/security/**/*.test.ts',
];

/**
 * One row per npm script. `devTools`: needs the devDependencies. `steps`: argument lists for Node 26. One step replaces this
 * process and takes the arguments given after `--`; of several all run, even when one fails, so that one look shows
 * every fault.
 */
const TASKS = {
  start: { devTools: false, steps: [['src/cli/main.ts', 'serve', 'fixtures/functions', '--hot-reload']] },
  test: { devTools: true, hostLanguages: true, steps: [testStep] },
  check: {
    devTools: true,
    steps: [
      ['node_modules/typescript/bin/tsc'],
      ['node_modules/@biomejs/biome/bin/biome', 'check'],
      ['node_modules/knip/bin/knip.js'],
      ['--test', 'test/tidy.test.ts'],
    ],
  },
  attack: { devTools: true, hostLanguages: true, steps: [['test/security/main.ts']] },
  bench: { devTools: true, steps: [['test/bench/main.ts']] },
  package: { devTools: true, steps: [['src/release/package-binary.ts']] },
  prepack: { devTools: true, steps: [['src/release/compile-library.ts']] },
};

/** Tests under the coverage gate; naming files after `--` runs just those, without the gate. */
function testStep(files) {
  const run = ['--test', '--test-concurrency=2'];
  if (files.length > 0) return [...run, ...files];
  return ['node_modules/c8/bin/c8.js', findNode(), ...NODE_FLAGS, ...run, ...TEST_FILES];
}

function say(message) {
  process.stderr.write(`setup: ${message}\n`);
}

function fail(message) {
  say(message);
  process.exit(1);
}

function modifiedAt(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** True when node_modules holds what package-lock.json asks for. npm writes its own copy of the lock last. */
function isInstalled(task) {
  const installed = modifiedAt(path.join(modules, '.package-lock.json'));
  if (installed === 0 || installed < modifiedAt(path.join(root, 'package-lock.json'))) return false;
  return !task.devTools || fs.existsSync(path.join(modules, 'c8', 'package.json'));
}

/** Runs `npm ci` with the npm that runs this script, or the one on the PATH. */
function installPackages(task) {
  const args = ['ci', '--include=optional', ...(task.devTools ? ['--include=dev'] : [])];
  say(`npm ${args.join(' ')}`);
  const npm = process.env.npm_execpath;
  const [file, prefix] = npm ? [process.execPath, [npm]] : ['npm', []];
  // npm's own report goes to stderr with ours: the task's stdout may be read by a machine.
  const result = spawnSync(file, [...prefix, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.error) fail(`cannot run npm: ${result.error.message}`);
  if (result.status !== 0) {
    fail(`cannot install packages: npm ci ended with ${result.status ?? result.signal}; its report is above`);
  }
}

function isOnPath(command) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => folder !== '' && fs.existsSync(path.join(folder, command)));
}

/** Installs missing languages with apt where that is ours to do; elsewhere says which tests will be skipped. */
function installHostLanguages() {
  const missing = HOST_LANGUAGES.filter((language) => !isOnPath(language.command));
  if (missing.length === 0) return;
  const packages = missing.map((language) => language.debianPackage);
  if (process.getuid?.() === 0 && fs.existsSync('/etc/debian_version') && isOnPath('apt-get')) {
    say(`apt-get install ${packages.join(' ')}`);
    const options = { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    spawnSync('apt-get', ['update', '-q'], options);
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], options);
  }
  for (const { command, debianPackage } of missing) {
    if (isOnPath(command)) continue;
    say('*'.repeat(72));
    say(`${command} is not on this host: the tests that need it WILL BE SKIPPED (Debian: ${debianPackage})`);
    say('*'.repeat(72));
  }
}

/** Runs every step as a child, prints which one failed, and ends with 1 if any did. */
function runAll(node, steps) {
  const failed = [];
  for (const step of steps) {
    const name = step.join(' ');
    say(name);
    const result = spawnSync(node, [...NODE_FLAGS, ...step], { cwd: root, stdio: 'inherit' });
    if (result.status !== 0) failed.push(name);
  }
  for (const name of failed) say(`failed: ${name}`);
  process.exit(failed.length === 0 ? 0 : 1);
}

function main([name, ...args]) {
  const task = Object.hasOwn(TASKS, name ?? '') ? TASKS[name] : undefined;
  if (task === undefined) fail(`unknown task "${name}" (known: ${Object.keys(TASKS).join(', ')})`);
  if (!isInstalled(task)) installPackages(task);
  if (task.hostLanguages) installHostLanguages();
  const node = findNode() ?? failWithoutNode();
  const steps = task.steps.map((step) => (typeof step === 'function' ? step(args) : step));
  process.chdir(root);
  if (steps.length > 1) return runAll(node, steps);
  const [only] = steps;
  runInPlace(typeof task.steps[0] === 'function' ? only : [...only, ...args]);
}

main(process.argv.slice(2));
