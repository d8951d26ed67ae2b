// The folder in which one build happens: inputs are copied in, tools work there, and what comes out is taken from it.
// Promises that no link is followed on the way in, and that it goes when the build is over.

import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join, normalize, relative } from 'node:path';
import type { RegistryFile } from '../policy/build-settings.ts';
import type { WorkspaceFile } from './build-plan.ts';

export interface Workspace {
  /** Everything of the build: HOME of its tools. */
  readonly home: string;
  /** The workspace proper, below it. */
  readonly dir: string;
  readonly tempDir: string;
}

export interface WorkspaceOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface WorkspaceOptions {
  /** Existing folder, without links. */
  readonly parent: string;
  /** User that builds run as, when that is not the gateway's. */
  readonly owner: WorkspaceOwner | null;
  readonly registryFiles: readonly RegistryFile[];
}

/** One input; sources and manifests are far smaller. Bytes. */
const maxInputBytes = 64 * 1_048_576;

/** An input that cannot be taken, in words for the person whose file it is. */
export class InputFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InputFault';
  }
}

/**
 * @param begun told which folder the caller must remove, also when this throws
 * @throws InputFault for an input that is a link, no file, or too large; the system's error where nothing can be written
 */
export function makeWorkspace(
  files: readonly WorkspaceFile[],
  options: WorkspaceOptions,
  begun: (home: string) => void,
): Workspace {
  const home = join(options.parent, randomBytes(8).toString('hex'));
  begun(home);
  const workspace = { home, dir: join(home, 'work'), tempDir: join(home, 'tmp') };
  const maker = new FolderMaker(options.owner);
  for (const folder of [home, workspace.dir, workspace.tempDir]) maker.folder(folder);
  for (const file of files) {
    const target = placeIn(workspace.dir, file.path);
    maker.foldersTo(target, workspace.dir);
    if ('text' in file) maker.file(target, file.text);
    else maker.file(target, readInput(file.copyOf, file.path));
  }
  for (const { path, home: place } of options.registryFiles) {
    const target = placeIn(home, place);
    maker.foldersTo(target, home);
    copyFileSync(path, target);
    maker.give(target);
  }
  return workspace;
}

/** @throws Error for a path that leads out of the folder: a fault of the planner */
export function placeIn(folder: string, path: string): string {
  const normal = normalize(path);
  if (isAbsolute(path) || normal === '..' || normal.startsWith('../'))
    throw new Error(`cannot put ${path} into a workspace`);
  return join(folder, normal);
}

class FolderMaker {
  readonly #owner: WorkspaceOwner | null;
  readonly #made = new Set<string>();

  constructor(owner: WorkspaceOwner | null) {
    this.#owner = owner;
  }

  folder(path: string): void {
    mkdirSync(path, { mode: 0o700 });
    this.#made.add(path);
    this.give(path);
  }

  /** Folders between `top`, which exists, and the file. */
  foldersTo(file: string, top: string): void {
    let path = top;
    for (const name of relative(top, dirname(file)).split('/')) {
      path = join(path, name);
      if (name !== '' && !this.#made.has(path)) this.folder(path);
    }
  }

  file(path: string, content: string | Buffer): void {
    writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
    this.give(path);
  }

  give(path: string): void {
    if (this.#owner !== null) chownSync(path, this.#owner.uid, this.#owner.gid);
  }
}

/** @param name what the file is called in the workspace, for faults */
function readInput(path: string, name: string): Buffer {
  const fault = (reason: string) => new InputFault(`cannot take ${name}: ${reason}`);
  const fd = openInput(path, fault);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw fault('it is no regular file');
    if (stat.size > maxInputBytes) throw fault(`it is larger than ${maxInputBytes} bytes`);
    // Of the open file, not of the path: nobody can put a link in its way in between (proc_pid_fd(5)).
    if (realPathOf(fd, path) !== path) throw fault('it lies behind a link');
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openInput(path: string, fault: (reason: string) => InputFault): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw fault(code === 'ELOOP' ? 'it is a link' : `it cannot be read (${code})`);
  }
}

function realPathOf(fd: number, path: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return realpathSync(path);
  }
}
