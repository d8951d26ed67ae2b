// Gives this process a root that holds what its plan names and nothing else (mount_namespaces(7)). Before privileges are
// dropped, which it needs, and before Landlock, which allows no mount afterwards and opens its paths in the new root.

import { closeSync, fstatSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { cString, type Kernel, KernelError } from '../kernel.ts';
import type { RootMount, RootPlan } from '../root-plan.ts';
import { openGranted, placeOpenHow } from './granted-path.ts';
import {
  attachMount,
  attachOverRoot,
  becomeRoot,
  cloneTree,
  createTmpfs,
  makeAllPrivate,
  mountAttributes,
  restrictMount,
  unshareMounts,
} from './mounts.ts';

const { readOnly, noSetUser, noDevices, noExecute } = mountAttributes;
/** tmpfs(5). Ours: it holds folders, links and empty files to mount on, and is read-only before the worker starts. */
const rootOptions = { mode: '0755', size: '1m', nr_inodes: '65536' };

// openat(2), <asm-generic/fcntl.h>
const createNew = 0o1 | 0o100 | 0o200 | 0o2000000; // O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
const folderMode = 0o755;
const fileMode = 0o444;
// <asm-generic/errno-base.h>
const eexist = 17;

/** Builds the tree of one root by the paths that it will have. */
class RootBuilder {
  readonly #kernel: Kernel;
  readonly #root: number;
  readonly #made = new Set<string>(['/']);

  constructor(kernel: Kernel, root: number) {
    this.#kernel = kernel;
    this.#root = root;
  }

  /** The folder and all above it; what is there already, mounted or made, stays. */
  makeFolder(path: string): void {
    if (this.#made.has(path)) return;
    this.makeFolder(dirname(path));
    this.#make(path, (name) => this.#kernel.call('mkdirat', this.#root, name, folderMode));
  }

  makeLink(path: string, target: string): void {
    this.makeFolder(dirname(path));
    const text = this.#kernel.place(cString(target));
    this.#make(path, (name) => this.#kernel.call('symlinkat', text, this.#root, name));
  }

  /** Brings in what is open, at `path`, and closes it. */
  mount(source: number, path: string, attributes: number): void {
    const stat = fstatSync(source);
    // A device's file system may forbid devices anyway; ours must not forbid this one.
    const kept = stat.isCharacterDevice() ? attributes & ~noDevices : attributes;
    const tree = cloneTree(this.#kernel, source, kept);
    closeSync(source);
    if (stat.isDirectory()) this.makeFolder(path);
    else this.#makeFile(path);
    attachMount(this.#kernel, tree, this.#root, below(path));
    closeSync(tree);
  }

  #makeFile(path: string): void {
    this.makeFolder(dirname(path));
    this.#make(path, (name) =>
      this.#kernel.call('close', this.#kernel.call('openat', this.#root, name, createNew, fileMode)),
    );
  }

  #make(path: string, create: (name: bigint) => void): void {
    try {
      create(this.#kernel.place(cString(below(path))));
    } catch (error) {
      // A folder that is writable within one that is not: the mount has it already.
      if (!(error instanceof KernelError) || error.errno !== eexist) throw error;
    }
    this.#made.add(path);
  }
}

/** As it is named from the root's descriptor. */
const below = (path: string): string => relative('/', path);

/** Of /proc only this process's own folder: a worker asks it for the path of its program. Landlock keeps its files shut. */
function mountOwnProcess(kernel: Kernel, root: RootBuilder, how: bigint): void {
  const path = `/proc/${process.pid}`;
  const source = openGranted(kernel, { path, required: false }, how);
  if (source === null) return;
  root.mount(source, path, readOnly | noSetUser | noDevices | noExecute);
  root.makeLink('/proc/self', String(process.pid));
}

function mountGranted(kernel: Kernel, root: RootBuilder, mount: RootMount, how: bigint): void {
  const source = openGranted(kernel, mount, how);
  if (source === null) return;
  root.mount(source, mount.path, noSetUser | noDevices | (mount.write ? 0 : readOnly));
}

/** Needs CAP_SYS_ADMIN over the mount namespace that it changes. Afterwards the working folder is the new root. */
export function enterRoot(kernel: Kernel, plan: RootPlan): void {
  if (plan.way === 'mount') unshareMounts(kernel);
  makeAllPrivate(kernel);
  const how = placeOpenHow(kernel);
  const tmpfs = createTmpfs(kernel, rootOptions);
  attachOverRoot(kernel, tmpfs);
  const root = new RootBuilder(kernel, tmpfs);
  for (const mount of plan.mounts) mountGranted(kernel, root, mount, how);
  for (const folder of plan.folders) root.makeFolder(folder);
  mountOwnProcess(kernel, root, how);
  for (const { path, target } of plan.links) root.makeLink(path, target);
  becomeRoot(kernel, tmpfs);
  restrictMount(kernel, tmpfs, readOnly | noSetUser | noDevices | noExecute);
  closeSync(tmpfs);
}
