// From a PHP function's composer.json to one run of composer, without running it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { BuildPlan } from '../../../../src/build/build-plan.ts';
import { planPhp } from '../../../../src/build/php/plan-php.ts';
import { type PlanInput, type PlanSubject, planSubject, scriptTool } from '../../../fakes/build-tools.ts';
import { makeTree, removeTree } from '../../../integration/support/tree.ts';

const handler = { 'f/handler.php': '<?php function handler() { return 1; }\n' };
const flags =
  '--no-dev --no-interaction --no-progress --prefer-dist --no-scripts --no-plugins --no-ansi --working-dir={workspace}/fastfn-app';

function phpSubject(
  context: TestContext,
  files: Record<string, string>,
  over: Partial<PlanInput> = {},
): PlanSubject {
  const folder = makeTree({});
  context.after(() => removeTree(folder));
  const tools = {
    FN_PHP_BIN: scriptTool(folder, 'php', '', '8.2.1'),
    FN_COMPOSER_BIN: scriptTool(folder, 'composer', '#!/usr/bin/env php\n<?php'),
  };
  return planSubject(context, {
    runtime: 'php',
    entry: 'f/handler.php',
    files: { ...handler, ...files },
    tools,
    ...over,
  });
}

async function planned({ unit, tools }: PlanSubject): Promise<BuildPlan> {
  const plan = await planPhp(unit, tools);
  assert.ok(plan !== null && 'key' in plan, 'there is a plan');
  return plan;
}

describe('plan of a PHP function', () => {
  test('composer runs under PHP, without scripts and plugins', async (context) => {
    const plan = await planned(phpSubject(context, { 'f/composer.json': '{}' }));
    const [step] = plan.steps;
    assert.match(step?.command.file ?? '', /\/php$/);
    assert.equal(step?.command.args.slice(3).join(' '), `install ${flags}`);
    assert.deepEqual(
      [plan.output.importPaths, plan.failureText],
      [['fastfn-app'], 'composer install failed'],
    );
  });

  test('no composer.json is nothing to do; a bad one is told', async (context) => {
    const bare = phpSubject(context, {}, { tools: {} });
    assert.equal(await planPhp(bare.unit, bare.tools), null);
    const bad = phpSubject(context, { 'f/composer.json': '[]' });
    await assert.rejects(planPhp(bad.unit, bad.tools), /invalid composer\.json at f: expected JSON object/);
  });

  test('FN_AUTO_PHP_DEPS off never runs composer; a host without it says what to install', async (context) => {
    const files = { 'f/composer.json': '{}' };
    const off = phpSubject(context, files, {
      settings: { install: { python: true, node: true, php: false } },
    });
    const none = await planPhp(off.unit, off.tools);
    assert.equal(none?.report?.note, 'FN_AUTO_PHP_DEPS is disabled');
    const missing = phpSubject(context, files, {
      tools: { FN_PHP_BIN: { found: true, path: '/bin/sh', version: '8.2.0', readable: [] } },
    });
    await assert.rejects(
      planPhp(missing.unit, missing.tools),
      /^PlanFault: composer install failed: composer not found; install Composer/,
    );
  });

  test('local repositories, loaded files and class maps come along, folders of classes do not', async (context) => {
    const composer = {
      repositories: [{ type: 'path', url: 'packages/*' }],
      autoload: { files: ['help.php'], classmap: ['old/'], 'psr-4': { 'App\\': 'src/' } },
    };
    const subject = phpSubject(context, {
      'f/composer.json': JSON.stringify(composer),
      'f/packages/a/composer.json': '{}',
      'f/help.php': '',
      'f/old/Thing.php': '',
      'f/src/App.php': '',
    });
    const plan = await planned(subject);
    assert.deepEqual(plan.files.map(({ path }) => path.replace('fastfn-app/', '')).sort(), [
      'composer.json',
      'help.php',
      'old/Thing.php',
      'packages/a/composer.json',
    ]);
    writeFileSync(join(subject.unit.dir, 'src/App.php'), '<?php // edited');
    assert.equal((await planned(subject)).key, plan.key);
    writeFileSync(join(subject.unit.dir, 'old/Thing.php'), '<?php class Thing {}');
    assert.notEqual((await planned(subject)).key, plan.key);
  });

  test('a vendor folder that holds what the lock names saves the install', async (context) => {
    const packages = (version: string) => JSON.stringify({ packages: [{ name: 'a/b', version }] });
    const files = {
      'f/composer.json': '{"require":{"php":">=8","a/b":"*"}}',
      'f/composer.lock': packages('1.0.0'),
      'f/vendor/autoload.php': '<?php',
      'f/vendor/composer/installed.json': packages('1.0.0'),
    };
    const subject = phpSubject(context, files);
    assert.equal((await planPhp(subject.unit, subject.tools))?.report?.note, 'installed by hand in vendor');
    writeFileSync(join(subject.unit.dir, 'composer.lock'), packages('2.0.0'));
    assert.ok((await planned(subject)).steps.length > 0);
  });

  test('production wants a lock for what comes from outside', async (context) => {
    const settings = { production: true };
    const own = await planned(
      phpSubject(context, { 'f/composer.json': '{"require":{"php":">=8"}}' }, { settings }),
    );
    assert.equal(own.steps.length, 1);
    const foreign = phpSubject(context, { 'f/composer.json': '{"require":{"a/b":"*"}}' }, { settings });
    await assert.rejects(planPhp(foreign.unit, foreign.tools), /wants a lock: f\/composer\.lock is missing/);
  });
});
