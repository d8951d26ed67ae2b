// Reads requirements.txt as far as a plan needs it: is there anything to install, which packages are named and pinned, which
// other files it draws in. What the lines mean is pip's to decide. Source: contract/dependencies.md 2.1.3.

export interface RequirementsFile {
  /** False: blank lines and comments only; nothing is installed. */
  readonly effective: boolean;
  /** Normalised package name → exact version, or null where none is pinned. */
  readonly pins: ReadonlyMap<string, string | null>;
  /** Paths after `-r` and `-c`, as written. */
  readonly includes: readonly string[];
  /** Folders and archives of this tree that are installed or searched, as written: `./lib`, `--find-links wheels`. */
  readonly localPaths: readonly string[];
  /** Some line is a path, a URL or a repository: such a package may have to be built. */
  readonly hasDirect: boolean;
  /** Some line has `--hash`: pip then wants one for every package. */
  readonly hashed: boolean;
}

/** One name for `Foo.Bar`, `foo_bar` and `foo-bar` (PEP 503). */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

export function parseRequirements(text: string): RequirementsFile {
  const lines = logicalLines(text);
  const pins = new Map<string, string | null>();
  const includes: string[] = [];
  const localPaths: string[] = [];
  let hasDirect = false;
  for (const line of lines) {
    const option = /^(?:-([rcf])\s*|--(requirement|constraint|find-links)[=\s]\s*)(\S+)/.exec(line);
    if (option !== null) {
      const [, short, long, path = ''] = option;
      if (short === 'f' || long === 'find-links') localPaths.push(...(isLocal(path) ? [path] : []));
      else if (isLocal(path)) includes.push(path);
    } else if (isDirect(line)) {
      hasDirect = true;
      const path = /^(?:-e\s+|--editable[=\s]\s*)?(?:file:)?(\.{1,2}\/[^\s;[]*|\.)/.exec(line)?.[1];
      if (path !== undefined) localPaths.push(path);
    } else if (!line.startsWith('-')) {
      const name = /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(line)?.[0];
      if (name !== undefined) pins.set(normalizeName(name), exactVersion(line));
    }
  }
  const hashed = lines.some((line) => line.includes('--hash='));
  return { effective: lines.length > 0, pins, includes, localPaths, hasDirect, hashed };
}

/** Comments cut off, lines that end in a backslash joined, blank ones dropped. */
function logicalLines(text: string): string[] {
  return text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

function isLocal(path: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:/i.test(path) && !path.startsWith('/');
}

function isDirect(line: string): boolean {
  return /^(-e\b|--editable|\.{1,2}(\/|$)|[a-z]+\+|https?:|file:|\/)|\s@\s|\.(whl|tar\.gz|zip)(\s|$)/.test(
    line,
  );
}

function exactVersion(line: string): string | null {
  return /^[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*={2,3}\s*([^\s,;*]+)\s*(?:;|--hash|$)/.exec(line)?.[1] ?? null;
}
