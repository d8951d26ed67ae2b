// A command line without a process: lines go into lists, signals come from the test, the gateway is a fake.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliContext } from '../../../src/cli/cli-context.ts';
import type { AheadRow, Catalog, GatewayModule, PastBuilds } from '../../../src/cli/gateway-module.ts';
import { runCommandLine } from '../../../src/cli/program.ts';

/** What a fake gateway was asked, and how it is to answer. */
export interface FakeGateway {
  readonly calls: string[];
  readonly catalog?: Partial<Catalog>;
  /** What state files say, by function key. */
  readonly pastBuilds?: PastBuilds;
  /** What `fastfn deps` comes to. */
  readonly aheadRows?: readonly AheadRow[];
  readonly listenError?: Error & { code?: string };
  readonly scanError?: Error;
  /** Resolves when close() may end. */
  readonly drained?: Promise<void>;
}

export interface Terminal {
  readonly context: CliContext;
  readonly out: string[];
  readonly errors: string[];
  readonly exits: number[];
  send(signal: NodeJS.Signals): void;
  run(...args: string[]): Promise<number>;
}

export interface TerminalOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly gateway?: FakeGateway;
  /** Standard input. */
  readonly input?: string;
}

const emptyCatalog: Catalog = {
  generation: 1,
  generatedAt: 0,
  root: '/functions',
  runtimes: ['node'],
  functions: new Map(),
  routes: [],
  conflicts: [],
  warnings: [],
  faults: [],
};

export function makeTerminal(options: TerminalOptions = {}): Terminal {
  const out: string[] = [];
  const errors: string[] = [];
  const exits: number[] = [];
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const context: CliContext = {
    layout: {
      kind: 'checkout',
      version: '9.8.7',
      node: process.execPath,
      codeRoot: '/code',
      packageRoot: '/code',
    },
    environment: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      FN_LOG_LEVEL: 'silent',
      ...options.environment,
    },
    cwd: options.cwd ?? '/',
    terminal: false,
    print: (line) => out.push(...line.split('\n')),
    printError: (line) => errors.push(...line.split('\n')),
    readInput: async () => Buffer.from(options.input ?? ''),
    loadGateway: async () => fakeModule(options.gateway ?? { calls: [] }),
    onSignal: (callback) => {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    exit: (status) => exits.push(status),
  };
  return {
    context,
    out,
    errors,
    exits,
    send: (signal) => {
      for (const listener of listeners) listener(signal);
    },
    run: (...args) => runCommandLine(args, context),
  };
}

function fakeModule(fake: FakeGateway): GatewayModule {
  const gateway = {
    listen: async () => {
      fake.calls.push('listen');
      if (fake.listenError !== undefined) throw fake.listenError;
      return { host: '127.0.0.1', port: 8080, url: 'http://127.0.0.1:8080' };
    },
    reload: async () => {
      fake.calls.push('reload');
    },
    close: async (reason?: string) => {
      fake.calls.push(`close ${reason}`);
      await fake.drained;
    },
  };
  const module = {
    createGateway: async () => gateway,
    inspectFunctions: async () => {
      if (fake.scanError !== undefined) throw fake.scanError;
      return { ...emptyCatalog, ...fake.catalog };
    },
    inspectBuilds: async () => fake.pastBuilds ?? new Map(),
    buildFunctions: async () => fake.aheadRows ?? [],
    inspectSandbox: () => [
      { layer: 'landlock', state: 'on', detail: 'files' },
      { layer: 'seccomp', state: 'unavailable', detail: 'no filter' },
      { layer: 'namespace', state: 'unavailable', detail: 'no unshare' },
    ],
  };
  return module as unknown as GatewayModule;
}

/** A folder for one test, removed afterwards. */
export async function inFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-cli-')));
  try {
    await use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
