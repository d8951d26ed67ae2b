import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { BuildPlan } from '../../../../src/build/build-plan.ts';
import type { BuildTools, ToolState } from '../../../../src/build/build-planner.ts';
import { planRust } from '../../../../src/build/rust/plan-rust.ts';
import { defaultBuildSettings } from '../../../../src/policy/build-settings.ts';
import { buildTools, planned, unitOf } from '../../../conformance/compiled-worker.ts';
import { makeTree, removeTree, writeTree } from '../../../integration/support/tree.ts';

const handler = 'pub fn handler(event: serde_json::Value) -> serde_json::Value { event }';

describe('plan of a Rust function', () => {
  let root: string;
  let tools: BuildTools;

  /** A Cargo that stands in for the one of a toolchain elsewhere, as rustup's does. */
  const fakeCargo = (release = '1.95.0'): ToolState => {
    writeTree(root, {
      'shims/cargo': '#!/bin/sh\nexit 1\n',
      'shims/rustc': `#!/bin/sh\n[ "$1" = --print ] && echo "${root}/toolchain" && exit\nprintf 'rustc\\nhost: x86_64-unknown-linux-gnu\\nrelease: ${release}\\n'\n`,
      'toolchain/bin/cargo': 'x',
      'toolchain/bin/rustc': 'x',
      'toolchain/lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld': 'x',
    });
    chmodSync(join(root, 'shims/rustc'), 0o755);
    return { found: true, path: join(root, 'shims/cargo'), version: release, readable: [] };
  };

  const plan = (
    over: Partial<BuildTools> = {},
    entry = 'f/handler.rs',
    readable = [join(root, 'f')],
  ): Promise<BuildPlan> => planned(planRust, unitOf(join(root, entry), readable), { ...tools, ...over });

  const textOf = ({ files }: BuildPlan, path: string): string | undefined => {
    const file = files.find((candidate) => candidate.path === path);
    return file !== undefined && 'text' in file ? file.text : undefined;
  };

  beforeEach(() => {
    root = makeTree({ 'f/handler.rs': handler, 'f/_shared.rs': 'pub fn f() {}\n' });
    const cargo = fakeCargo();
    tools = buildTools({ find: async () => cargo, cacheDir: (name) => join('/cache', name) });
  });

  afterEach(() => removeTree(root));

  test('what every function has is compiled once, by itself; the function then needs only the compiler', async () => {
    const { steps, output, failureText, report } = await plan();
    const libraries = '/cache/rust-libraries';
    assert.deepEqual(
      steps.map(({ tool, network, caches }) => [tool, network, caches]),
      [
        ['cargo fetch', 'registry', ['/cache/cargo']],
        ['cargo build', 'none', [libraries]],
        ['rustc', 'none', []],
      ],
    );
    const [fetch, build, compile] = steps;
    for (const step of [fetch, build]) {
      assert.ok(step?.command.args.includes('--locked'));
      assert.ok(
        step?.command.args.includes(join(tools.runtimesDir, 'rust/Cargo.toml')),
        'nothing of the function',
      );
    }
    assert.equal(fetch?.command.file, join(root, 'toolchain/bin/cargo'), 'not the stand-in');
    assert.equal(compile?.command.file, join(root, 'toolchain/bin/rustc'));
    assert.deepEqual(compile?.toolchain, [join(root, 'toolchain'), libraries]);
    assert.ok(build?.env['CARGO_TARGET_DIR']?.startsWith(`${libraries}/`));
    assert.ok(compile?.command.args.includes(`dependency=${build?.env['CARGO_TARGET_DIR']}/release/deps`));
    assert.deepEqual([output.program, failureText], ['fn_handler', 'rust build failed']);
    assert.deepEqual([report?.manifestPath, report?.lockfilePath], [null, null]);
  });

  test('packages of its own are fetched where none of their code runs, and compiled out of reach of the caches', async () => {
    writeTree(root, { 'f/Cargo.toml': '[dependencies]\nrand = "0.8"\n' });
    const made = await plan();
    const [fetch, build] = made.steps;
    assert.deepEqual(
      [fetch?.tool, fetch?.network, fetch?.caches],
      ['cargo fetch', 'registry', ['/cache/cargo']],
    );
    assert.deepEqual([build?.tool, build?.network, build?.caches], ['cargo build', 'none', []]);
    assert.deepEqual(build?.toolchain, [join(root, 'toolchain'), '/cache/cargo']);
    for (const word of ['--offline', '--locked', '--release']) assert.ok(build?.command.args.includes(word));
    assert.equal(build?.env['RUSTC'], join(root, 'toolchain/bin/rustc'));
    assert.equal(made.output.program, 'target/release/fn_handler');
    assert.match(textOf(made, '_fastfn/src/lib.rs') ?? '', /^\/\/! What a Rust function/);
    assert.match(textOf(made, 'Cargo.lock') ?? '', /name = "serde_json"/);
    assert.equal(made.report?.lockfilePath, 'Cargo.lock');
  });

  test('where programs are linked with GNU ld, a script around the linker makes them executable', async () => {
    const older = fakeCargo('1.85.0');
    const made = await plan({ find: async () => older });
    const [, linker, build] = made.steps;
    assert.deepEqual(
      [linker?.tool, linker?.network, linker?.caches],
      ['linker', 'none', ['/cache/rust-libraries']],
    );
    const file = build?.env['CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER'] ?? '';
    assert.equal(file, join(build?.env['CARGO_TARGET_DIR'] ?? '', 'linker'));
    assert.ok(linker?.command.args.includes(file));
    writeTree(root, { 'f/Cargo.toml': '[dependencies]\nrand = "0.8"\n' });
    const own = await plan({ find: async () => older });
    assert.deepEqual(
      own.steps.map(({ tool }) => tool),
      ['cargo fetch', 'linker', 'cargo build'],
    );
    assert.match(own.steps[2]?.env['CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER'] ?? '', /^\{workspace\}\//);
  });

  test('the handler file is the root of the program: what makes it one stands behind it', async () => {
    const made = await plan();
    const text = textOf(made, 'handler.rs') ?? '';
    assert.ok(text.startsWith(`${handler}\n`));
    assert.match(text, /#\[macro_use\]\nextern crate fastfn;[\s\S]*::fastfn::serve\(handler, "1\.95\.0"\)/);
    assert.equal(textOf(made, '_shared.rs'), 'pub fn f() {}\n');
    const bad = unitOf(join(root, 'f/handler.rs'), [join(root, 'f')], 'a-b');
    await assert.rejects(planRust(bad, tools), /invoke\.handler must be a valid identifier/);
    const named = await planned(
      planRust,
      unitOf(join(root, 'f/handler.rs'), [join(root, 'f')], 'greet'),
      tools,
    );
    assert.match(textOf(named, 'handler.rs') ?? '', /serve\(greet, /);
  });

  test('a library layout keeps its folders; its own manifest and lock are used', async () => {
    writeTree(root, {
      'f/src/lib.rs': handler,
      'f/src/inner.rs': '',
      'f/Cargo.toml': '[package]\nname = "x"\nedition = "2018"\n[dependencies]\nrand = "0.8"\n',
      'f/Cargo.lock': 'mine',
    });
    const made = await plan({}, 'f/src/lib.rs');
    assert.ok(textOf(made, 'src/lib.rs')?.startsWith(handler));
    assert.equal(textOf(made, 'src/inner.rs'), '');
    assert.match(
      textOf(made, 'Cargo.toml') ?? '',
      /edition = "2018"[\s\S]*rand = "0\.8"[\s\S]*path = "src\/lib\.rs"/,
    );
    assert.equal(textOf(made, 'Cargo.lock'), 'mine');
    assert.deepEqual([made.report?.manifestPath, made.report?.mode], [join(root, 'f/Cargo.toml'), 'build']);
  });

  test('in production crates must be locked', async () => {
    const production = { settings: { ...defaultBuildSettings, production: true } };
    assert.equal((await plan(production)).steps.length, 3);
    writeTree(root, { 'f/Cargo.toml': '[dependencies]\nrand = "0.8"\n' });
    await assert.rejects(plan(production), /^PlanFault: Cargo\.lock is missing/);
    writeTree(root, { 'f/Cargo.lock': 'mine' });
    assert.equal((await plan(production)).steps.length, 2);
  });

  test('the key says what goes in, and only that', async () => {
    const { key } = await plan();
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal((await plan({ cacheDir: (name) => join('/elsewhere', name) })).key, key);
    const keys = new Set([key]);
    for (const [path, text] of Object.entries({
      'f/handler.rs': `${handler}\n`,
      'f/_shared.rs': '',
      'f/Cargo.toml': '[dependencies]\n',
      'f/Cargo.lock': 'mine',
    })) {
      writeTree(root, { [path]: text });
      keys.add((await plan()).key);
    }
    const newer = fakeCargo('1.96.0');
    keys.add((await plan({ find: async () => newer })).key);
    assert.equal(keys.size, 6);
  });

  test('a Cargo that is missing, or has no compiler beside it, is told', async () => {
    const missing: ToolState = { found: false, reason: 'not found' };
    await assert.rejects(plan({ find: async () => missing }), /^PlanFault: cargo not found in PATH$/);
    const old: ToolState = { found: false, reason: 'found 1.63.0, needs 1.81 or newer' };
    await assert.rejects(plan({ find: async () => old }), /cargo cannot be used: found 1\.63\.0/);
    writeTree(root, { 'alone/cargo': 'x' });
    const alone: ToolState = {
      found: true,
      path: join(root, 'alone/cargo'),
      version: '1.95.0',
      readable: [],
    };
    await assert.rejects(plan({ find: async () => alone }), /no rustc beside it that works/);
  });
});
