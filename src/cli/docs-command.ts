// `fastfn docs`: where the running gateway's API pages are; opens them when a person is at the terminal.

import { spawn } from 'node:child_process';
import { hostPort } from '../config/host-port.ts';
import type { CommandAdder } from './cli-context.ts';

export const addDocsCommand: CommandAdder = (program, context) => {
  program
    .command('docs')
    .description('open the API documentation of the running gateway')
    .action(() => {
      const url = `http://localhost:${hostPort(context.environment)}/_fn/docs`;
      context.print(`Opening ${url}...`);
      if (context.terminal) openBrowser(url);
    });
};

/** Best effort: the address was printed, and a machine without a browser is no fault. */
function openBrowser(url: string): void {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .once('error', () => undefined)
    .unref();
}
