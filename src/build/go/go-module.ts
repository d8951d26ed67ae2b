// The module that a function is compiled in: its own go.mod or a plain one, with the worker's module beside it.

/** Import path of the worker; `.invalid` is nobody's (RFC 2606), so it cannot be a package of the function. */
const workerModule = 'fastfn.invalid';
/** Folder of the workspace that holds the worker's sources; Go's tools pass over names that start with `_`. */
export const workerFolder = '_fastfn';

const plainModule = 'module function\n\ngo 1.21\n';

/** go.mod of the workspace; `own` is the function's, or null. */
export function moduleFile(own: string | null): string {
  return `${own ?? plainModule}\n\nrequire ${workerModule} v0.0.0\n\nreplace ${workerModule} => ./${workerFolder}\n`;
}

/** Whether the module asks for others, in one line or in a block (go.dev/ref/mod#go-mod-file-require). */
export function hasRequirements(own: string): boolean {
  return /^\s*require[\s(]/m.test(own);
}

/** The program's beginning: hands the function to the worker. */
export function mainFile(symbol: string): string {
  return `package main

import "${workerModule}/worker"

func main() { worker.Serve(${symbol}) }
`;
}
