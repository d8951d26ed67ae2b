// Where the program starts: binds the command line to this process. No top-level await: the binary carries this file
// as a CommonJS bundle.

import { resolveLayout } from '../config/layout.ts';
import { processEnvironment } from '../config/process-sources.ts';
import type { CliContext } from './cli-context.ts';
import { loadGateway } from './gateway-module.ts';
import { runCommandLine } from './program.ts';
import { readStandardInput } from './standard-input.ts';

const watchedSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

function onSignal(callback: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of watchedSignals) process.on(signal, callback);
  return () => {
    for (const signal of watchedSignals) process.off(signal, callback);
  };
}

function processContext(): CliContext {
  return {
    layout: resolveLayout(),
    environment: processEnvironment(),
    cwd: process.cwd(),
    terminal: process.stdout.isTTY === true,
    print: (line) => process.stdout.write(`${line}\n`),
    printError: (line) => process.stderr.write(`${line}\n`),
    readInput: readStandardInput,
    loadGateway,
    onSignal,
    exit: (status) => process.exit(status),
  };
}

/** `fastfn routes | head` closes our output early; that is no failure. */
function endOnClosedOutput(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}

if (import.meta.main) {
  process.stdout.on('error', endOnClosedOutput);
  void runCommandLine(process.argv.slice(2), processContext()).then((status) => process.exit(status));
}
