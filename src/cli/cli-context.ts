// What a command may touch of the world outside: lines out, the environment, the gateway. Tests pass their own.

import type { Command } from 'commander';
import type { Layout } from '../config/layout.ts';
import type { Environment } from '../config/settings.ts';
import type { GatewayModule } from './gateway-module.ts';

export interface CliContext {
  readonly layout: Layout;
  readonly environment: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** Whether standard output is a terminal. */
  readonly terminal: boolean;
  /** Each writes one line and adds the line feed. */
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  /** All of standard input. Throws CommandFailure beyond `maxBytes`. */
  readonly readInput: (maxBytes: number) => Promise<Buffer>;
  /** Loaded only by the commands that need it: it brings in the whole product. */
  readonly loadGateway: () => Promise<GatewayModule>;
  /** Calls back on SIGTERM, SIGINT and SIGHUP until the returned function is called. */
  readonly onSignal: (callback: (signal: NodeJS.Signals) => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (status: number) => void;
}

/** Exit statuses of every command (interface of the program). */
export const exitStatus = { done: 0, failed: 1, usage: 2 } as const;

/** An expected end of a command: one line on standard error and a status. */
export class CommandFailure extends Error {
  readonly status: number;

  constructor(message: string, status: number = exitStatus.failed) {
    super(message);
    this.name = 'CommandFailure';
    this.status = status;
  }
}

/** Gives the program one command (or a few alike); `report` receives the status of the one that runs. */
export type CommandAdder = (program: Command, context: CliContext, report: (status: number) => void) => void;
