// No request is lost while the gateway reloads, while a function is deployed again, and while a new gateway takes over the
// port from the old one (sd_listen_fds(3)).
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './support/eventually.ts';
import { ask } from './support/http.ts';
import { SteadyClient } from './support/steady-client.ts';
import { makeTree, removeTree, writeTree } from './support/tree.ts';

const holderProgram = fileURLToPath(new URL('support/socket-holder.py', import.meta.url));
const fastfn = fileURLToPath(new URL('../../bin/fastfn', import.meta.url));
const says = (word: string) => `exports.handler = () => '${word}';\n`;

/** Keeps the port, as systemd does, and starts gateways on it; they end with it. */
class SocketHolder {
  readonly #child: ChildProcess;
  /** What the holder and its gateways have printed and nobody has asked for yet, but for a line a request. */
  readonly #lines: string[] = [];
  #url = '';

  private constructor() {
    this.#child = spawn('python3', [holderProgram], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH },
    });
    const { stdout } = this.#child;
    assert.ok(stdout !== null);
    createInterface(stdout).on('line', (line) => {
      if (!line.includes('"invocation"')) this.#lines.push(line);
    });
  }

  static async open(): Promise<SocketHolder> {
    const holder = new SocketHolder();
    holder.#url = `http://127.0.0.1:${await holder.printed(/^(\d+)$/)}`;
    return holder;
  }

  get url(): string {
    return this.#url;
  }

  /** Pid of one more gateway, as soon as it listens. */
  async serve(root: string): Promise<number> {
    const environment = [
      'env',
      `FN_SOCKET_BASE_DIR=${root}/.sockets`,
      'FN_HOT_RELOAD=1',
      'FN_SPARE_LAUNCHERS=1',
    ];
    const command = [...environment, process.execPath, fastfn, 'serve', root, '--log-format', 'json'];
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    const pid = Number(await this.printed(/^(\d+)$/));
    await this.printed(/listening on http:/);
    return pid;
  }

  /** Waits for a line that matches; its first group. Lines before it are passed over. */
  printed(pattern: RegExp): Promise<string> {
    return eventually(() => {
      const at = this.#lines.findIndex((line) => pattern.test(line));
      assert.ok(at !== -1, `${pattern} in ${this.#lines.join('\n')}`);
      const line = this.#lines.splice(0, at + 1).at(-1) ?? '';
      return pattern.exec(line)?.[1] ?? '';
    }, 20_000);
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await once(this.#child, 'exit');
  }
}

describe('zero loss', () => {
  let root: string;
  let holder: SocketHolder;

  before(async () => {
    root = makeTree({ 'get.word.js': says('first') });
    holder = await SocketHolder.open();
  });
  after(async () => {
    await holder.close();
    removeTree(root);
  });

  it('clients see no failure over reloads, a redeploy and two restarts on an inherited socket', async () => {
    let pid = await holder.serve(root);
    assert.equal((await ask(holder.url, '/word')).text, 'first');
    const clients = [true, true, false].map((keepAlive) => new SteadyClient(`${holder.url}/word`, keepAlive));
    try {
      process.kill(pid, 'SIGHUP');
      writeTree(root, { 'get.word.js': says('second') });
      await eventually(() => assert.ok(clients.every(({ answers }) => answers.has('second'))), 10_000);
      for (let restart = 0; restart < 2; restart += 1) {
        const old = pid;
        pid = await holder.serve(root);
        process.kill(old, 'SIGTERM');
        await holder.printed(/"stopped"/);
      }
      // A restart as systemd does it: the old one is gone before the new one starts.
      process.kill(pid, 'SIGTERM');
      await holder.printed(/"stopped"/);
      const before = clients.map(total);
      pid = await holder.serve(root);
      await eventually(() => {
        for (const [index, client] of clients.entries()) assert.ok(total(client) > (before[index] ?? 0) + 10);
      }, 10_000);
    } finally {
      await Promise.all(clients.map((client) => client.stop()));
    }
    assert.deepEqual(
      clients.flatMap(({ failures }) => failures),
      [],
    );
    for (const client of clients) assert.ok(total(client) > 100, 'it really asked all the time');
  });
});

function total({ answers }: SteadyClient): number {
  return [...answers.values()].reduce((sum, count) => sum + count, 0);
}
