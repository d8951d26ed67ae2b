// `fastfn prove` on this host: with the jail as it is, and with a layer taken from under it, which it must notice.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CliContext } from '../../src/cli/cli-context.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import type { GatewayConfig } from '../../src/config/gateway-config.ts';
import { resolveLayout } from '../../src/config/layout.ts';
import * as gateway from '../../src/gateway.ts';
import type { ProveReport } from '../../src/prove/prove-report.ts';
import { type Capabilities, probeCapabilities } from '../../src/sandbox/capabilities.ts';
import { makeTerminal } from '../unit/cli/terminal.ts';
import { runProgram } from './support/started-program.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'fastfn');
const capabilities = probeCapabilities();
const reasonToSkip =
  capabilities.seccomp && capabilities.landlockAbi >= 6 ? false : 'needs seccomp and Landlock ABI 6';

let folder: string;
before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-prove-')));
});
after(() => rmSync(folder, { recursive: true }));

function ownFolders(pid: number | string): string[] {
  return readdirSync(tmpdir()).filter((name) => new RegExp(`^fastfn-[wp]-\\d+-${pid}-`).test(name));
}

/** As if this host had no other language than Node, to be done sooner. */
function withNodeOnly(config: GatewayConfig): GatewayConfig {
  const adapters = [...config.adapters].map(
    ([name, adapter]) =>
      [name, name === 'node' ? adapter : { ...adapter, available: false, reason: 'not found' }] as const,
  );
  return { ...config, adapters: new Map(adapters) };
}

/** Proves with Node alone, on a kernel that offers only what is said. */
async function proveWith(changes: Partial<Capabilities>, ...flags: string[]) {
  const terminal = makeTerminal({ cwd: folder, environment: {} });
  const context: CliContext = {
    ...terminal.context,
    layout: resolveLayout(),
    loadGateway: async () => ({
      ...gateway,
      proveSandbox: (config, layout) =>
        gateway.proveSandbox(withNodeOnly(config), layout, { ...capabilities, ...changes }),
    }),
  };
  const status = await runCommandLine(['prove', ...flags], context);
  return { status, text: terminal.out.join('\n'), errors: terminal.errors.join('\n') };
}

describe('fastfn prove', { skip: reasonToSkip }, () => {
  test('everything holds on this host, in every language that it has, and nothing is left', async () => {
    const end = await runProgram(process.execPath, [program, 'prove', '--json'], { cwd: folder });
    assert.equal(end.code, 0, end.stdout + end.stderr);
    const proof = JSON.parse(end.stdout) as ProveReport;
    assert.equal(proof.proven, true);
    for (const { language, skipped, attempts, layers, unanswered } of proof.languages) {
      if (skipped !== null) continue;
      assert.deepEqual(unanswered, []);
      // A machine without system calls leaves Lua little to try, and the system call filter nothing to stop.
      const isMachine = language === 'lua';
      assert.ok(attempts > (isMachine ? 4 : 30), `${language}: ${attempts}`);
      for (const { layer, held, attempts: made, through } of layers) {
        assert.deepEqual([layer, held, through], [layer, made, []]);
      }
      for (const layer of ['landlock', 'seccomp', 'kernel', 'guarded'] as const) {
        if (isMachine && layer === 'seccomp') continue;
        assert.ok(
          layers.some((each) => each.layer === layer && each.held > (isMachine ? 4 : 10)),
          `${language} ${layer}`,
        );
      }
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  test('without Landlock it says so, names what got through, and fails', async () => {
    const { status, text } = await proveWith({ landlockAbi: 0 });
    assert.equal(status, 1);
    assert.match(text, /Landlock alone +missing +not enforced: this kernel does not offer Landlock/);
    assert.match(text, /GOT THROUGH \(all of these together\): node: read by text/);
    assert.match(text, /NOT everything held\./);
    // What the system call filter stops is still stopped.
    assert.doesNotMatch(text, /GOT THROUGH .*: node: spawn/);
    assert.match(text, /python: skipped, not found/);
  });

  test('without seccomp it says so, names what got through, and fails', async () => {
    const { status, text } = await proveWith({ seccomp: false }, '--json');
    assert.equal(status, 1);
    const { languages } = JSON.parse(text) as ProveReport;
    const layers = languages.find(({ language }) => language === 'node')?.layers ?? [];
    const of = (name: string) => layers.find(({ layer }) => layer === name);
    assert.equal(of('seccomp')?.missing, 'this kernel does not offer seccomp filters');
    assert.ok(of('kernel')?.through.includes('node: fork by ffi'), text);
    assert.deepEqual(of('landlock')?.through, []);
  });

  test('an older Landlock holds what it knows; the system call filter takes over where it can', async () => {
    const { text } = await proveWith({ landlockAbi: 2 }, '--json');
    const { languages } = JSON.parse(text) as ProveReport;
    const layers = languages.find(({ language }) => language === 'node')?.layers ?? [];
    const kernel = layers.find(({ layer }) => layer === 'kernel');
    assert.deepEqual(kernel?.through, [], text);
  });

  test('runs of its own leave no process, socket or folder of this process', () => {
    assert.deepEqual(ownFolders(process.pid), []);
    assert.ok(!existsSync(join(folder, 'sockets')));
  });
});
