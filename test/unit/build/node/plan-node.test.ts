// From a Node function's files to npm's steps: the npm of these tests is a script that only says what it was asked.
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { BuildPlan } from '../../../../src/build/build-plan.ts';
import { planNode } from '../../../../src/build/node/plan-node.ts';
import { type PlanInput, type PlanSubject, planSubject, scriptTool } from '../../../fakes/build-tools.ts';
import { makeTree, removeTree } from '../../../integration/support/tree.ts';

const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
const handler = { 'f/handler.js': 'exports.handler = () => 1;\n' };
const oneDependency = JSON.stringify({ dependencies: { left: '^1.0.0' } });

/** Answers `npm view x@latest version`. */
const npmScript = '#!/bin/sh\ncase "$4" in left@latest) echo \'"1.3.0"\';; *) exit 1;; esac\n';

function nodeSubject(
  context: TestContext,
  files: Record<string, string>,
  over: Partial<PlanInput> = {},
): PlanSubject {
  const folder = makeTree({});
  context.after(() => removeTree(folder));
  const npm = scriptTool(folder, 'npm', npmScript);
  return planSubject(context, {
    runtime: 'node',
    entry: 'f/handler.js',
    files,
    tools: { FN_NPM_BIN: npm },
    ...over,
  });
}

async function planned({ unit, tools }: PlanSubject): Promise<BuildPlan> {
  const plan = await planNode(unit, tools);
  assert.ok(plan !== null && 'key' in plan, 'there is a plan');
  return plan;
}

async function noteOf({ unit, tools }: PlanSubject): Promise<string | null | undefined> {
  const none = await planNode(unit, tools);
  assert.ok(none !== null && 'kind' in none && none.kind === 'none', 'there is nothing to build');
  return none.report.note;
}

describe('plan of a Node function', () => {
  test('without dependencies npm is not even looked for', async (context) => {
    const bare = nodeSubject(context, handler, { tools: {} });
    assert.equal(await planNode(bare.unit, bare.tools), null);
    const typed = nodeSubject(context, { ...handler, 'f/package.json': '{"type":"module"}' }, { tools: {} });
    assert.equal(await noteOf(typed), 'nothing to install');
  });

  test('without a lock npm install, with one npm ci and npm install where that fails', async (context) => {
    const open = await planned(nodeSubject(context, { ...handler, 'f/package.json': oneDependency }));
    assert.deepEqual(
      open.steps.map(({ command }) => command.args),
      [['install', ...flags]],
    );
    assert.equal(open.report?.lockfilePath, 'package-lock.json');
    for (const name of ['package-lock.json', 'npm-shrinkwrap.json']) {
      const files = { ...handler, 'f/package.json': oneDependency, [`f/${name}`]: '{}' };
      const locked = await planned(nodeSubject(context, files));
      assert.deepEqual(locked.steps[0]?.command.args, ['ci', ...flags]);
      assert.deepEqual(locked.steps[0]?.fallback?.command.args, ['install', ...flags]);
      assert.deepEqual(
        locked.files.map(({ path }) => path),
        ['package.json', name],
      );
      assert.ok(locked.report?.lockfilePath?.endsWith(`f/${name}`));
    }
  });

  test('production wants a lock, and what it says', async (context) => {
    const settings = { production: true };
    const files = { ...handler, 'f/package.json': oneDependency };
    const open = nodeSubject(context, files, { settings });
    await assert.rejects(planNode(open.unit, open.tools), /wants a lock: f\/package-lock\.json is missing/);
    const locked = await planned(
      nodeSubject(context, { ...files, 'f/package-lock.json': '{}' }, { settings }),
    );
    assert.equal(locked.steps[0]?.fallback, undefined);
  });

  test('a package.json that is none is told with its folder', async (context) => {
    for (const [text, detail] of [
      ['{', /^invalid package\.json at f: /],
      ['[]', /^invalid package\.json at f: expected JSON object$/],
      ['{"dependencies": []}', /^invalid package\.json at f: expected an object in dependencies$/],
    ] as const) {
      const { unit, tools } = nodeSubject(context, { ...handler, 'f/package.json': text });
      const report = { mode: 'manifest', manifestPath: join(unit.dir, 'package.json') };
      await assert.rejects(planNode(unit, tools), { message: detail, report });
    }
  });

  test('the nearest folder that names packages counts, up to the functions root', async (context) => {
    const files = { ...handler, 'f/package.json': '{"type":"module"}', 'package.json': oneDependency };
    const plan = await planned(nodeSubject(context, files));
    assert.deepEqual(plan.files, [{ path: 'package.json', text: oneDependency }]);
  });

  test('the key follows manifest, lock and npm settings, not the handler', async (context) => {
    const subject = nodeSubject(context, { ...handler, 'f/package.json': oneDependency });
    const keys = [(await planned(subject)).key];
    appendFileSync(subject.unit.entry, '// edited\n');
    assert.deepEqual([(await planned(subject)).key], keys);
    for (const [name, text] of [
      ['.npmrc', 'loglevel=warn\n'],
      ['package-lock.json', '{}'],
      ['package.json', oneDependency.replace('1.0', '1.1')],
    ] as const) {
      writeFileSync(join(subject.unit.dir, name), text);
      keys.push((await planned(subject)).key);
    }
    assert.equal(new Set(keys).size, 4);
  });

  test('npm settings of its own cost a function the shared cache: they may name programs that npm runs', async (context) => {
    const files = { ...handler, 'f/package.json': oneDependency };
    const [plain] = (await planned(nodeSubject(context, files))).steps;
    assert.deepEqual(plain?.caches, ['/state/cache/npm']);
    const [own] = (await planned(nodeSubject(context, { ...files, 'f/.npmrc': 'git=./git' }))).steps;
    assert.deepEqual([own?.caches, own?.env['npm_config_cache']], [[], '{workspace}/fastfn-npm-cache']);
  });

  test('local packages of its own folder come along', async (context) => {
    const files = {
      ...handler,
      'f/package.json': '{"dependencies":{"own":"file:./own"}}',
      'f/own/package.json': '{}',
      'f/own/index.js': '',
    };
    const plan = await planned(nodeSubject(context, files));
    assert.deepEqual(
      plan.files.map(({ path }) => path),
      ['package.json', 'own/index.js', 'own/package.json'],
    );
    assert.deepEqual(plan.output.importPaths, ['node_modules', 'own']);
  });

  test('a node_modules that holds what is asked for saves the install', async (context) => {
    const subject = nodeSubject(context, { ...handler, 'f/package.json': oneDependency });
    const place = join(subject.unit.dir, 'node_modules', 'left');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), '{"version":"1.2.0"}');
    assert.equal(await noteOf(subject), 'installed by hand in node_modules');
    writeFileSync(join(subject.unit.dir, 'package.json'), '{"dependencies":{"left":"2.0.0"}}');
    assert.ok((await planned(subject)).steps.length > 0);
  });

  test('FN_AUTO_NODE_DEPS off installs nothing; a host without npm says what to install', async (context) => {
    const files = { ...handler, 'f/package.json': oneDependency };
    const install = { python: true, node: false, php: true };
    assert.equal(
      await noteOf(nodeSubject(context, files, { settings: { install } })),
      'FN_AUTO_NODE_DEPS is disabled',
    );
    const { unit, tools } = nodeSubject(context, files, { tools: {} });
    await assert.rejects(
      planNode(unit, tools),
      /^PlanFault: npm install failed for f: npm not found; install npm/,
    );
  });

  test('npm as a script of Node is run by the node beside it', async (context) => {
    const folder = makeTree({
      'lib/npm/package.json': '{}',
      'lib/npm/bin/npm-cli.js': '#!/usr/bin/env node\n',
    });
    context.after(() => removeTree(folder));
    const npm = {
      found: true,
      path: join(folder, 'lib/npm/bin/npm-cli.js'),
      version: '11.0.0',
      readable: [],
    } as const;
    writeFileSync(join(folder, 'lib/npm/bin/node'), '');
    const plan = await planned(
      nodeSubject(context, { ...handler, 'f/package.json': oneDependency }, { tools: { FN_NPM_BIN: npm } }),
    );
    const [step] = plan.steps;
    assert.equal(step?.command.file, join(folder, 'lib/npm/bin/node'));
    assert.deepEqual(step.command.args.slice(0, 2), [npm.path, 'install']);
    assert.ok(step.toolchain.includes(join(folder, 'lib/npm')));
  });

  test('a program that is only called npm brings nothing but itself into the jail', async (context) => {
    const { unit, tools } = nodeSubject(context, { ...handler, 'f/package.json': oneDependency });
    const [step] = (await planned({ unit, tools, root: '' })).steps;
    assert.deepEqual(step?.toolchain, [step?.command.file]);
  });
});

describe('shared packs of a Node function', () => {
  test('one is installed behind the function, one that was filled by hand is used as it is', async (context) => {
    const files = {
      ...handler,
      'f/package.json': oneDependency,
      '.fastfn/packs/node/p/package.json': oneDependency,
      '.fastfn/packs/node/q/node_modules/right/index.js': '',
    };
    const subject = nodeSubject(context, files, { packs: ['p', 'q'] });
    const plan = await planned(subject);
    assert.deepEqual(plan.output.importPaths, ['node_modules', 'fastfn-packs/p/node_modules']);
    assert.deepEqual(plan.output.sharedPaths, [join(subject.root, '.fastfn/packs/node/q/node_modules')]);
    assert.deepEqual(plan.steps[1]?.command.args.slice(-2), ['--prefix', '{workspace}/fastfn-packs/p']);
    mkdirSync(join(subject.root, '.fastfn/packs/node/q/node_modules/more'));
    assert.notEqual((await planned(subject)).key, plan.key);
  });

  test('a root that is called like the language looks beside itself too', async (context) => {
    const outer = makeTree({ 'node/f/handler.js': '', '.fastfn/packs/node/p/node_modules/x/index.js': '' });
    context.after(() => removeTree(outer));
    const { unit, tools } = nodeSubject(context, handler, { packs: ['p'] });
    const root = join(outer, 'node');
    const plan = await planNode({ ...unit, dir: join(root, 'f') }, { ...tools, functionsRoot: root });
    assert.ok(plan !== null && 'key' in plan);
    assert.deepEqual(plan.output.sharedPaths, [join(outer, '.fastfn/packs/node/p/node_modules')]);
    await assert.rejects(
      planNode({ ...unit, policy: { ...unit.policy, sharedDeps: ['q'] } }, { ...tools, functionsRoot: root }),
      /shared pack not found: q \(looked in: \.fastfn\/packs\/node\/q, \.\.\/\.fastfn\/packs\/node\/q\)/,
    );
  });
});

describe('inference of a Node function', () => {
  const infer = (over: Partial<PlanInput['inference']> = {}): Partial<PlanInput> => ({
    inference: { node: true, ...over },
  });

  test('writes a manifest with the version of today, `*` where the registry does not answer', async (context) => {
    const source =
      "const fs = require('node:fs'); require('left'); import('unknown/sub'); require('./help');";
    const subject = nodeSubject(context, { 'f/handler.js': source, 'f/help.js': '' }, infer());
    const plan = await planned(subject);
    const written = JSON.parse(readFileSync(join(subject.unit.dir, 'package.json'), 'utf8'));
    assert.deepEqual(written, {
      name: 'fastfn-f',
      private: true,
      version: '1.0.0',
      dependencies: { left: '^1.3.0', unknown: '*' },
    });
    assert.deepEqual([plan.report?.mode, plan.report?.manifestGenerated], ['inferred', true]);
    assert.deepEqual(plan.report?.inferredImports, ['left', 'unknown/sub']);
    const again = await planned(subject);
    assert.equal(again.key, plan.key);
  });

  test('adds to a manifest without touching what is there', async (context) => {
    const manifest = '{\n\t"name": "mine",\n\t"dependencies": {\n\t\t"right": "1.0.0"\n\t}\n}\n';
    const files = {
      'f/handler.js': "require('left'); require('right'); require('mine/x');",
      'f/package.json': manifest,
    };
    const subject = nodeSubject(context, files, infer());
    await planned(subject);
    assert.equal(
      readFileSync(join(subject.unit.dir, 'package.json'), 'utf8'),
      '{\n\t"name": "mine",\n\t"dependencies": {\n\t\t"right": "1.0.0",\n\t\t"left": "^1.3.0"\n\t}\n}\n',
    );
  });

  test('functions of one folder do not undo what the others add', async (context) => {
    const files = { 'f/handler.js': "require('left');", 'f/other.js': "require('right');" };
    const { unit, tools, root } = nodeSubject(context, files, infer());
    await Promise.all([planNode(unit, tools), planNode({ ...unit, entry: join(root, 'f/other.js') }, tools)]);
    const written = JSON.parse(readFileSync(join(unit.dir, 'package.json'), 'utf8'));
    assert.deepEqual(written.dependencies, { left: '^1.3.0', right: '*' });
  });

  test('packages that are there by hand or in a pack are not asked for', async (context) => {
    const files = {
      'f/handler.js': "require('a'); require('b'); require('p');",
      'f/node_modules/a/index.js': '',
      '.fastfn/packs/node/p/package.json': '{"dependencies":{"b":"1.0.0"}}',
    };
    const subject = nodeSubject(context, files, { ...infer(), packs: ['p'] });
    const plan = await planned(subject);
    assert.deepEqual(plan.output.importPaths, ['fastfn-packs/p/node_modules']);
  });

  test('without FN_AUTO_INFER_WRITE_MANIFEST only the build knows', async (context) => {
    const subject = nodeSubject(
      context,
      { 'f/handler.js': "require('left');" },
      infer({ writeManifest: false }),
    );
    const [file] = (await planned(subject)).files;
    assert.ok(file !== undefined && 'text' in file);
    assert.deepEqual(JSON.parse(file.text).dependencies, { left: '*' });
    assert.throws(() => readFileSync(join(subject.unit.dir, 'package.json')), /ENOENT/);
  });

  test("strict, production and backends refuse in the contract's words", async (context) => {
    const rejects = async (source: string, over: Partial<PlanInput>, message: RegExp) => {
      const { unit, tools } = nodeSubject(context, { 'f/handler.js': source }, over);
      await assert.rejects(planNode(unit, tools), { message });
    };
    await rejects(
      "require('a b');",
      infer(),
      /^node dependency inference failed: unresolved imports a b\. Add explicit dependencies in package\.json or disable FN_AUTO_INFER_STRICT\.$/,
    );
    await rejects(
      "require('left');",
      { ...infer(), settings: { production: true } },
      /refused: FN_PRODUCTION is on and left is neither/,
    );
    const backend = (node: string) => infer({ backend: { python: 'native', node } });
    await rejects(
      '',
      backend('magic'),
      /^node dependency inference backend unsupported: magic\. Supported values: native, detective, require-analyzer\.$/,
    );
    for (const name of ['detective', 'require-analyzer']) {
      const words = `node dependency inference backend '${name}' is unavailable. Install it with 'npm install -g ${name}' or switch FN_NODE_INFER_BACKEND=native.`;
      await rejects('', backend(name), new RegExp(`^${RegExp.escape(words)}$`));
    }
  });
});
