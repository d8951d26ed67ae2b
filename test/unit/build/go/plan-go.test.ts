import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { BuildPlan } from '../../../../src/build/build-plan.ts';
import type { BuildTools, ToolState } from '../../../../src/build/build-planner.ts';
import { planGo } from '../../../../src/build/go/plan-go.ts';
import { defaultBuildSettings } from '../../../../src/policy/build-settings.ts';
import { buildTools, planned, unitOf } from '../../../conformance/compiled-worker.ts';
import { makeTree, removeTree, writeTree } from '../../../integration/support/tree.ts';

const handler = 'package main\n\nfunc handler(event map[string]any) any { return nil }\n';

describe('plan of a Go function', () => {
  let root: string;
  let tools: BuildTools;

  /** A Go that only knows where its root is. */
  const fakeGo = (answer = 'echo "$(dirname "$(dirname "$0")")"'): ToolState => {
    writeTree(root, { 'go/bin/go': `#!/bin/sh\n${answer}\n`, 'go/src/unsafe/unsafe.go': 'package unsafe' });
    chmodSync(join(root, 'go/bin/go'), 0o755);
    return { found: true, path: join(root, 'go/bin/go'), version: '1.26.8', readable: [] };
  };

  const plan = (over: Partial<BuildTools> = {}, entry = 'f/handler.go'): Promise<BuildPlan> =>
    planned(planGo, unitOf(join(root, entry)), { ...tools, ...over });

  const textOf = ({ files }: BuildPlan, path: string): string | undefined => {
    const file = files.find((candidate) => candidate.path === path);
    return file !== undefined && 'text' in file ? file.text : undefined;
  };

  beforeEach(() => {
    root = makeTree({ 'f/handler.go': handler, 'f/_helper.go': 'package main\n', 'f/logo.png': 'x' });
    const go = fakeGo();
    tools = buildTools({ find: async () => go, cacheDir: (name) => join('/cache', name) });
  });

  afterEach(() => removeTree(root));

  test('without modules there is one step, without network, and no code of other languages', async () => {
    const { steps, output, failureText, kind } = await plan();
    assert.deepEqual(
      steps.map(({ tool, network }) => [tool, network]),
      [['go build', 'none']],
    );
    const [build] = steps;
    assert.deepEqual(build?.command.args.slice(0, 3), ['build', '-trimpath', '-buildvcs=false']);
    const { CGO_ENABLED, GOTOOLCHAIN, GOENV, GOWORK, GOFLAGS } = build?.env ?? {};
    assert.deepEqual([CGO_ENABLED, GOTOOLCHAIN, GOENV, GOWORK], ['0', 'local', 'off', 'off']);
    assert.match(GOFLAGS ?? '', /-mod=readonly/);
    assert.deepEqual([output.program, failureText, kind], ['fn_handler', 'go build failed', 'program']);
  });

  test('modules are downloaded first; without go.sum all that may be needed, with it what it names', async () => {
    writeTree(root, { 'f/go.mod': 'module x\n\nrequire a.test/b v1.0.0\n' });
    const open = await plan();
    assert.deepEqual(
      open.steps.map(({ tool, network, caches }) => [tool, network, caches]),
      [
        ['go mod download', 'registry', ['/cache/go-modules']],
        ['go build', 'none', ['/cache/go-modules', '/cache/go-objects']],
      ],
    );
    assert.deepEqual(open.steps[0]?.command.args, ['mod', 'download', 'all']);
    assert.deepEqual(
      [open.report?.manifestPath, open.report?.lockfilePath],
      [join(root, 'f/go.mod'), 'go.sum'],
    );
    writeTree(root, { 'f/go.sum': 'a.test/b v1.0.0 h1:x\n' });
    assert.deepEqual((await plan()).steps[0]?.command.args, ['mod', 'download']);
    assert.equal(textOf(await plan(), 'go.sum'), 'a.test/b v1.0.0 h1:x\n');
  });

  test('in production modules must be locked', async () => {
    writeTree(root, { 'f/go.mod': 'module x\n\nrequire a.test/b v1.0.0\n' });
    const production = { settings: { ...defaultBuildSettings, production: true } };
    await assert.rejects(plan(production), /^PlanFault: go\.sum is missing/);
    writeTree(root, { 'f/go.mod': 'module x\n' });
    assert.equal((await plan(production)).steps.length, 1);
  });

  test('files get names that Go takes, whatever the route, and keep their own in messages', async () => {
    writeTree(root, { 'f/[id].go': handler });
    const made = await planned(
      planGo,
      unitOf(
        join(root, 'f/[id].go'),
        ['[id].go', '_helper.go'].map((name) => join(root, 'f', name)),
      ),
      tools,
    );
    assert.equal(textOf(made, 'handler.go'), `//line [id].go:1:1\n${handler}`);
    assert.equal(textOf(made, 'private_helper.go'), '//line _helper.go:1:1\npackage main\n');
    assert.ok(made.files.every(({ path }) => !path.includes('[')));
    assert.match(textOf(made, '_fastfn/worker/worker.go') ?? '', /^\/\/ Serves one function/);
  });

  test('the key says what goes in, and only that', async () => {
    const { key } = await plan();
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal((await plan({ cacheDir: (name) => join('/elsewhere', name) })).key, key);
    const changes: Record<string, string> = {
      'f/handler.go': `${handler}\n`,
      'f/_helper.go': 'package main // new\n',
      'f/logo.png': 'y',
      'f/go.mod': 'module y\n',
    };
    const keys = new Set([key]);
    for (const [path, text] of Object.entries(changes)) {
      writeTree(root, { [path]: text });
      keys.add((await plan()).key);
    }
    const newer: ToolState = { ...(fakeGo() as Extract<ToolState, { found: true }>), version: '1.27.0' };
    keys.add((await plan({ find: async () => newer })).key);
    assert.equal(keys.size, 6);
  });

  test('a Go that is missing or has no library is told, and looked for again', async () => {
    const asked: string[] = [];
    const missing = {
      ...tools,
      find: async (variable: string): Promise<ToolState> => {
        asked.push(variable);
        return { found: false, reason: 'not found' };
      },
    };
    const unit = unitOf(join(root, 'f/handler.go'));
    await assert.rejects(planGo(unit, missing), /^PlanFault: go not found in PATH$/);
    await assert.rejects(planGo(unit, missing), /go not found/);
    assert.deepEqual(asked, ['FN_GO_BIN', 'FN_GO_BIN']);
    const sick = fakeGo('echo /nowhere');
    await assert.rejects(
      plan({ find: async () => sick }),
      /^PlanFault: go found in PATH but toolchain is unhealthy/,
    );
    const old: ToolState = { found: false, reason: 'found 1.19, needs 1.21 or newer' };
    await assert.rejects(
      plan({ find: async () => old }),
      /go cannot be used: found 1\.19, needs 1\.21 or newer/,
    );
  });

  test('the toolchain is asked once, however many functions are planned', async () => {
    const counting = fakeGo(`echo x >> "${root}/asked"; echo "$(dirname "$(dirname "$0")")"`);
    const same = { ...tools, find: async () => counting };
    const unit = unitOf(join(root, 'f/handler.go'), [join(root, 'f/handler.go')]);
    await Promise.all([planGo(unit, same), planGo(unit, same)]);
    await planGo(unit, same);
    const { readFileSync } = await import('node:fs');
    assert.equal(readFileSync(join(root, 'asked'), 'utf8'), 'x\n');
  });

  test('what is wrong in the file is told before anything is built', async () => {
    writeTree(root, { 'f/handler.go': 'package main\n' });
    await assert.rejects(plan(), /go handler symbol not found/);
    writeTree(root, { 'f/handler.go': 'package api\n\nfunc handler() {}\n' });
    await assert.rejects(plan(), /found package api/);
  });
});
