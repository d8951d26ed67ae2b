// Options of the languages: which are on, where their programs and sockets are, how many processes a function may have.

import { isAbsolute } from 'node:path';
import { isRuntimeName, type RuntimeName, runtimeNames } from '../../policy/runtime-name.ts';
import { accept, type Option, type Outcome, type Problem, reject, warning } from '../option.ts';
import { readInteger, readSecondsAsMs, readText, toList } from '../option-readers.ts';

const languageList = runtimeNames.join(', ');
const longestPath = 4096;

/** `sun_path` of unix(7) is 108 bytes; the contract keeps room for a terminator and a suffix. */
const longestSocketPath = 103;

const runtimes: Option<readonly RuntimeName[] | null> = {
  doc: 'Languages that are on, in order of preference; all that the functions folder needs by default.',
  accepted: `a comma list of ${languageList}`,
  env: 'FN_RUNTIMES',
  key: 'runtimes',
  fallback: null,
  read(raw) {
    const names = toList(raw).map((name) => name.toLowerCase());
    const known = [...new Set(names.filter(isRuntimeName))];
    const unknown = names.filter((name) => !isRuntimeName(name));
    const problems = unknown.map((name) =>
      warning((source) => `Ignoring unknown runtime in ${source}: ${name}`, name),
    );
    return known.length > 0 ? accept(known, problems) : noneLeft(raw, problems);
  },
};

function noneLeft(raw: unknown, problems: readonly Problem[]): Outcome<never> {
  const shown = Array.isArray(raw) ? raw.join(',') : String(raw);
  const fault = reject({ message: (source) => `no compatible runtimes enabled (${source}="${shown}")` });
  return { problems: [...problems, ...fault.problems] };
}

type DaemonCounts = ReadonlyMap<RuntimeName, number>;
const mostDaemons = 1024;

const runtimeDaemons: Option<DaemonCounts> = {
  doc: 'Most processes of one function, per language that runs many calls in a process; the number of cores by default.',
  accepted: 'runtime=count pairs, for example node=3,python=2',
  env: 'FN_RUNTIME_DAEMONS',
  key: 'runtime-daemons',
  aliases: ['runtime.daemons'],
  fallback: new Map(),
  read: (raw) =>
    typeof raw === 'object' && raw !== null ? daemonsFromObject(raw) : daemonsFromText(String(raw)),
};

/** The object form of fastfn.json drops counts below 1 and unknown names (contract/config-cli.md 2). */
function daemonsFromObject(raw: object): Outcome<DaemonCounts> {
  const pairs = Object.entries(raw).map(([name, count]) => `${name}=${String(count)}`);
  const counted = pairs.filter((pair) => !/=-?0*$|=-/.test(pair));
  return daemonsFromText(counted.join(','));
}

function daemonsFromText(text: string): Outcome<DaemonCounts> {
  const counts = new Map<RuntimeName, number>();
  const problems: Problem[] = [];
  for (const entry of toList(text)) {
    const pair = /^([^=]*)=([^=]*)$/.exec(entry);
    const name = pair?.[1]?.trim().toLowerCase() ?? '';
    const count = pair?.[2]?.trim() ?? '';
    if (name === '' || count === '') {
      problems.push(
        daemonError(entry, (source) => `invalid ${source} entry "${entry}" (expected runtime=count)`),
      );
    } else if (!isRuntimeName(name) || name === 'lua') {
      problems.push(warning((source) => `Ignoring runtime in ${source}: ${name}`, entry));
    } else if (!/^\d+$/.test(count) || Number(count) < 1 || Number(count) > mostDaemons) {
      problems.push(daemonError(entry, () => `invalid daemon count for runtime ${name}: "${count}"`));
    } else {
      counts.set(name, Number(count));
    }
  }
  const failed = problems.some((problem) => problem.severity === 'error');
  return failed ? { problems } : accept(counts, problems);
}

function daemonError(found: string, message: (source: string) => string): Problem {
  return { severity: 'error', found, message };
}

type SocketPaths = ReadonlyMap<RuntimeName, string>;

const runtimeSockets: Option<SocketPaths> = {
  doc: "Exact socket path per language, as a JSON map; one socket carries all of a language's workers.",
  accepted: 'a JSON object of runtime to absolute unix:/path, each path at most 103 bytes',
  env: 'FN_RUNTIME_SOCKETS',
  fallback: new Map(),
  read(raw) {
    const map = parseJsonObject(String(raw));
    return map === null ? reject() : readSocketMap(map);
  },
};

function parseJsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function readSocketMap(map: Record<string, unknown>): Outcome<SocketPaths> {
  const paths = new Map<RuntimeName, string>();
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(map)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const path = readSocketPath(list[0]);
    if (!isRuntimeName(name)) {
      problems.push(warning((source) => `Ignoring unknown runtime in ${source}: ${name}`, name));
    } else if (path.value === undefined) {
      problems.push({ severity: 'error', found: { [name]: value } });
    } else {
      if (list.length > 1) {
        problems.push(warning((source) => `Using only the first socket of ${name} in ${source}`, value));
      }
      paths.set(name, path.value);
    }
  }
  return problems.some((problem) => problem.severity === 'error') ? { problems } : accept(paths, problems);
}

function readSocketPath(raw: unknown): Outcome<string> {
  if (typeof raw !== 'string') return reject();
  const path = raw.trim().replace(/^unix:/, '');
  const fits = Buffer.byteLength(path) <= longestSocketPath;
  return isAbsolute(path) && fits && !path.includes('\0') ? accept(path) : reject();
}

function socketOf(name: RuntimeName, env: string): Option<string | null> {
  return {
    doc: `Exact socket path of ${name} workers; FN_RUNTIME_SOCKETS beats it.`,
    accepted: `an absolute path of at most ${longestSocketPath} bytes`,
    env,
    fallback: null,
    read: readSocketPath,
  };
}

/** One variable per language that had a daemon of its own. */
export const socketOptions = {
  node: socketOf('node', 'FN_NODE_SOCKET'),
  python: socketOf('python', 'FN_PY_SOCKET'),
  php: socketOf('php', 'FN_PHP_SOCKET'),
  rust: socketOf('rust', 'FN_RUST_SOCKET'),
  go: socketOf('go', 'FN_GO_SOCKET'),
} as const;

const socketBaseDir: Option<string> = {
  doc: 'Folder of the sockets between gateway and workers; made with mode 0700.',
  accepted: 'a folder',
  env: 'FN_SOCKET_BASE_DIR',
  key: 'socket-base-dir',
  fallback: '/tmp/fastfn',
  read: readText(longestPath),
};

const spareLaunchers: Option<number> = {
  doc: 'Processes kept started so that the first call of a function need not wait for one.',
  accepted: 'an integer from 0 to 16',
  env: 'FN_SPARE_LAUNCHERS',
  key: 'spare-launchers',
  fallback: 2,
  read: readInteger({ min: 0, max: 16 }),
};

/** Kept as milliseconds. */
const healthInterval: Option<number> = {
  doc: 'Seconds between health checks of workers and languages.',
  accepted: 'seconds, 1 or more',
  env: 'FN_HEALTH_INTERVAL',
  key: 'health-interval',
  fallback: 2000,
  read: readSecondsAsMs({ min: 1, max: 3600, outside: 'clamp' }),
};

export const runtimeOptions = {
  runtimes,
  runtimeDaemons,
  runtimeSockets,
  socketBaseDir,
  spareLaunchers,
  healthInterval,
};
