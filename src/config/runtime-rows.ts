// The languages as data: one row each, from runtimes/<name>/runtime.json. Imported, not read, so that the rows are
// part of the binary too.

import go from '../../runtimes/go/runtime.json' with { type: 'json' };
import lua from '../../runtimes/lua/runtime.json' with { type: 'json' };
import node from '../../runtimes/node/runtime.json' with { type: 'json' };
import php from '../../runtimes/php/runtime.json' with { type: 'json' };
import python from '../../runtimes/python/runtime.json' with { type: 'json' };
import rust from '../../runtimes/rust/runtime.json' with { type: 'json' };
import type { RuntimeName } from '../policy/runtime-name.ts';

/** A program of the host that a language needs. */
export interface HostProgram {
  /** For `doctor`: `runtime.<name>`. */
  readonly name: string;
  readonly label: string;
  /** Override, for example `FN_PYTHON_BIN`. */
  readonly variable: string;
  /** Names looked for on the PATH, best first; empty: used only when the override names one. */
  readonly commands: readonly string[];
  /** Arguments that print a version; the first `1.2` or `1.2.3` in the output counts. */
  readonly versionArgs: readonly string[];
  /** Prints `{version, interpreter, readable}` as JSON, for languages whose files the jail must know. */
  readonly describe: { readonly args: readonly string[]; readonly code: readonly string[] } | null;
  /** Oldest version that works; null: any. */
  readonly minimum: string | null;
  /** What to do when it is missing. */
  readonly hint: string;
}

export interface RuntimeRow {
  readonly name: string;
  readonly label: string;
  readonly extensions: readonly string[];
  /** Default entry files of a function folder, best first. */
  readonly entries: readonly string[];
  /** Worker program below `runtimes/`; null while this version has none. */
  readonly program: string | null;
  /** Interpreter arguments before the worker program. */
  readonly interpreterArgs: readonly string[];
  /** Further ones for a strict sandbox; they win over the same setting before them. Default: none. */
  readonly strictArgs?: readonly string[];
  /** null: nothing is needed on the host, for the worker is a program of our own Node. */
  readonly host: HostProgram | null;
  /** Of a worker that our Node runs: files of packages that it is given the paths of, as an import names them. */
  readonly packageFiles?: readonly string[];
  /**
   * Functions of this language cannot ask for files or sockets. Their workers read their own program and the function, write
   * nothing and have no network, whatever the policy would grant. Default false.
   */
  readonly sealed?: boolean;
  /** Programs that only some functions need, for example to install dependencies. */
  readonly tools: readonly HostProgram[];
}

export const runtimeRows: Readonly<Record<RuntimeName, RuntimeRow>> = { node, python, php, lua, rust, go };
