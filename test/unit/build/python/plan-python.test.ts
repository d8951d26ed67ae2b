// From a Python function's files to pip's steps, without running pip: what is installed, from where, under which key.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { BuildPlan } from '../../../../src/build/build-plan.ts';
import type { ToolState } from '../../../../src/build/build-planner.ts';
import { planPython } from '../../../../src/build/python/plan-python.ts';
import { type PlanInput, type PlanSubject, planSubject, scriptTool } from '../../../fakes/build-tools.ts';
import { makeTree, removeTree } from '../../../integration/support/tree.ts';

const python = findPython();
const skip = python === null ? 'no python3 with pip on this host' : false;

function findPython(): string | null {
  try {
    const script = 'import pip, sys; print(sys.executable)';
    return execFileSync('python3', ['-I', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

function pythonInput(files: Record<string, string>, over: Partial<PlanInput> = {}): PlanInput {
  const tool = { found: true, path: python ?? '', version: '3.11.0', readable: [] } as const;
  return { runtime: 'python', entry: 'f/handler.py', files, tools: { FN_PYTHON_BIN: tool }, ...over };
}

async function planned({ unit, tools }: PlanSubject): Promise<BuildPlan> {
  const plan = await planPython(unit, tools);
  assert.ok(plan !== null && 'key' in plan, 'there is a plan');
  return plan;
}

/** Makes sure that there is a folder. */
const kept = { path: 'fastfn-site/.fastfn', text: '' };

const handler = { 'f/handler.py': 'def handler(event): return 1\n' };

describe('plan of a Python function', { skip }, () => {
  test('nothing to install needs neither Python nor pip', async (context) => {
    const bare = planSubject(context, { ...pythonInput(handler), tools: {} });
    assert.equal(await planPython(bare.unit, bare.tools), null);
    const comments = planSubject(context, {
      ...pythonInput({ ...handler, 'f/requirements.txt': '# x\n' }),
      tools: {},
    });
    const none = await planPython(comments.unit, comments.tools);
    assert.ok(none !== null && 'kind' in none && none.kind === 'none');
    assert.equal(none.report.note, 'nothing to install');
  });

  test('wheels alone and with the cache first; what must be built, without it', async (context) => {
    const subject = planSubject(context, pythonInput({ ...handler, 'f/requirements.txt': 'six==1.16.0\n' }));
    const plan = await planned(subject);
    const [install, freeze] = plan.steps;
    const expected = [
      '-I',
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      '--no-input',
      '--prefer-binary',
    ];
    assert.deepEqual(install?.command.args.slice(0, expected.length), expected);
    assert.deepEqual([install?.network, install?.caches], ['registry', ['/state/cache/pip']]);
    assert.ok(install?.command.args.includes('--only-binary=:all:'));
    assert.ok(!install.fallback?.command.args.includes('--only-binary=:all:'));
    assert.deepEqual(install.fallback?.caches, []);
    assert.deepEqual([freeze?.tool, freeze?.network], ['pip freeze', 'none']);
    assert.deepEqual(plan.files, [{ path: 'requirements.txt', text: 'six==1.16.0\n' }, kept]);
    assert.deepEqual(plan.output.importPaths, ['fastfn-site']);
    assert.equal(plan.failureText, 'pip dependencies install failed for f');
    assert.equal(plan.report?.lockfilePath, 'requirements.lock.txt');
  });

  test('the key follows what is asked for, not the handler and not the place', async (context) => {
    const files = { ...handler, 'f/requirements.txt': 'six==1.16.0\n' };
    const subject = planSubject(context, pythonInput(files));
    const { key } = await planned(subject);
    appendFileSync(subject.unit.entry, '# edited\n');
    assert.equal((await planned(subject)).key, key);
    const elsewhere = planSubject(
      context,
      pythonInput({ 'g/handler.py': '', 'g/requirements.txt': 'six==1.16.0\n' }, { entry: 'g/handler.py' }),
    );
    assert.equal((await planned(elsewhere)).key, key);
    writeFileSync(join(subject.unit.dir, 'requirements.txt'), 'six==1.15.0\n');
    assert.notEqual((await planned(subject)).key, key);
  });

  test('hints are requirements of their own file, and never options', async (context) => {
    const subject = planSubject(context, pythonInput({ 'f/handler.py': '#@requirements six, idna>=2\n' }));
    assert.deepEqual((await planned(subject)).files, [
      { path: 'fastfn-extra.txt', text: 'six\nidna>=2\n' },
      kept,
    ]);
    const option = planSubject(
      context,
      pythonInput({ 'f/handler.py': '#@requirements --index-url http://x\n' }),
    );
    await assert.rejects(planPython(option.unit, option.tools), /cannot use "--index-url" in #requirements/);
  });

  test('files that the manifest includes come along, those outside its folder do not', async (context) => {
    const files = {
      ...handler,
      'f/requirements.txt': '-r more.txt\n./lib\n',
      'f/more.txt': 'six\n',
      'f/lib/setup.py': '',
    };
    const plan = await planned(planSubject(context, pythonInput(files)));
    assert.deepEqual(
      plan.files.map(({ path }) => path),
      ['requirements.txt', 'lib/setup.py', 'more.txt', kept.path],
    );
    assert.ok(!plan.steps[0]?.command.args.includes('--only-binary=:all:'));
    const outside = planSubject(
      context,
      pythonInput({ ...handler, 'f/requirements.txt': '-r ../g/fn.env.json\n', 'g/fn.env.json': '{}' }),
    );
    await assert.rejects(
      planPython(outside.unit, outside.tools),
      /cannot find \.\.\/g\/fn\.env\.json, named in f,/,
    );
  });

  test('a lock with hashes is what pip is given', async (context) => {
    const lock =
      'six==1.16.0 --hash=sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926\n';
    const files = { ...handler, 'f/requirements.txt': 'six\n', 'f/requirements.lock.txt': lock };
    const plan = await planned(planSubject(context, pythonInput(files)));
    const args = plan.steps[0]?.command.args ?? [];
    assert.ok(args.includes('--require-hashes'));
    assert.deepEqual(args.slice(args.indexOf('-r')), [
      '-r',
      '{workspace}/fastfn-lock.txt',
      '--only-binary=:all:',
    ]);
    assert.ok(plan.report?.lockfilePath?.endsWith('f/requirements.lock.txt'));
  });

  test('a .deps folder that holds what is pinned saves the install', async (context) => {
    const subject = planSubject(context, pythonInput({ ...handler, 'f/requirements.txt': 'six==1.16.0\n' }));
    const installed = join(subject.unit.dir, '.deps', 'six-1.16.0.dist-info');
    mkdirSync(installed, { recursive: true });
    const none = await planPython(subject.unit, subject.tools);
    assert.ok(none !== null && 'kind' in none && none.kind === 'none');
    assert.equal(none.report.note, 'installed by hand in .deps');
    writeFileSync(subject.unit.entry, '#@requirements six>=1\n');
    assert.equal((await planPython(subject.unit, subject.tools))?.report?.note, none.report.note);
    writeFileSync(join(subject.unit.dir, 'requirements.txt'), 'six==1.15.0\n');
    assert.ok((await planned(subject)).steps.length > 0);
  });

  test('FN_AUTO_REQUIREMENTS off installs nothing and says so', async (context) => {
    const install = { python: false, node: true, php: true };
    const files = { ...handler, 'f/requirements.txt': 'six\n' };
    const { unit, tools } = planSubject(context, pythonInput(files, { settings: { install } }));
    const none = await planPython(unit, tools);
    assert.equal(none?.report?.note, 'FN_AUTO_REQUIREMENTS is disabled');
  });

  test('a Python without pip is told what to install', async (context) => {
    const { unit, tools } = planSubject(context, {
      ...pythonInput({ ...handler, 'f/requirements.txt': 'six\n' }),
      tools: {},
    });
    await assert.rejects(planPython(unit, tools), /python not found: install Python/);
  });
});

describe('shared packs of a Python function', { skip }, () => {
  const packs = ['p', 'q'];

  test('each is installed beside the function, whose own come first', async (context) => {
    const files = {
      ...handler,
      'f/requirements.txt': 'six\n',
      '.fastfn/packs/python/p/requirements.txt': 'idna\n',
      '.fastfn/packs/python/q/.deps/by_hand.py': '',
    };
    const plan = await planned(planSubject(context, pythonInput(files, { packs })));
    assert.deepEqual(plan.output.importPaths, ['fastfn-site', 'fastfn-packs/p/fastfn-site']);
    assert.equal(plan.output.sharedPaths?.length, 1);
    assert.match(plan.output.sharedPaths[0] ?? '', /packs\/python\/q\/\.deps$/);
  });

  test('one that is missing is named with the places that were looked in', async (context) => {
    const { unit, tools } = planSubject(context, pythonInput(handler, { packs: ['none'] }));
    await assert.rejects(planPython(unit, tools), {
      message: 'shared pack not found: none (looked in: .fastfn/packs/python/none)',
    });
  });
});

describe('inference of a Python function', { skip }, () => {
  const infer = (source: string, over: Partial<PlanInput> = {}, files: Record<string, string> = {}) =>
    pythonInput(
      { 'f/handler.py': source, ...files },
      { inference: { python: true, ...over.inference }, ...over },
    );

  test('imports become packages by the table of names; helpers are followed, local modules left out', async (context) => {
    const source =
      'import json, yaml, utils\nfrom PIL import Image\ndef handler(event):\n    from lib.deep import x\n';
    const files = {
      'f/utils.py': 'import requests.adapters\n',
      'f/lib/deep.py': 'from . import near\n',
      'f/lib/near.py': 'import idna',
    };
    const subject = planSubject(context, infer(source, {}, files));
    const plan = await planned(subject);
    assert.deepEqual(plan.report?.inferredImports, ['PIL', 'idna', 'requests', 'yaml']);
    assert.deepEqual(plan.report?.resolvedPackages, ['Pillow', 'idna', 'requests', 'PyYAML']);
    assert.equal(plan.report?.mode, 'inferred');
    assert.equal(plan.report?.manifestGenerated, true);
    const [first, second, ...rest] = readFileSync(join(subject.unit.dir, 'requirements.txt'), 'utf8').split(
      '\n',
    );
    assert.match(`${first}${second}`, /^# Written by FastFN .*native.*# /);
    assert.deepEqual(rest, ['Pillow', 'idna', 'requests', 'PyYAML', '']);
  });

  test('an existing manifest is only appended to, and what it names is not doubled', async (context) => {
    const source = 'import PIL, six, idna\n';
    const subject = planSubject(context, infer(source, {}, { 'f/requirements.txt': 'pillow==10.0.0\nSix' }));
    await planned(subject);
    assert.equal(
      readFileSync(join(subject.unit.dir, 'requirements.txt'), 'utf8'),
      'pillow==10.0.0\nSix\nidna\n',
    );
  });

  test('functions of one folder do not undo what the others add', async (context) => {
    const { unit, tools, root } = planSubject(
      context,
      infer('import six\n', {}, { 'f/other.py': 'import idna\n' }),
    );
    await Promise.all([
      planPython(unit, tools),
      planPython({ ...unit, entry: join(root, 'f/other.py') }, tools),
    ]);
    const lines = readFileSync(join(unit.dir, 'requirements.txt'), 'utf8').split('\n').slice(2);
    assert.deepEqual(lines.sort(), ['', 'idna', 'six']);
  });

  test('without FN_AUTO_INFER_WRITE_MANIFEST the files stay as they are', async (context) => {
    const subject = planSubject(
      context,
      infer('import six\n', { inference: { python: true, writeManifest: false } }),
    );
    assert.deepEqual((await planned(subject)).files, [{ path: 'fastfn-extra.txt', text: 'six\n' }, kept]);
  });

  test('a name that says nothing refuses the function when strict, unless somebody has named packages', async (context) => {
    const strict = planSubject(context, infer('import Foo\n'));
    await assert.rejects(planPython(strict.unit, strict.tools), {
      message:
        'python dependency inference failed: unresolved imports Foo. ' +
        'Add explicit requirements.txt entries or disable FN_AUTO_INFER_STRICT.',
    });
    const lax = planSubject(context, infer('import Foo\n', { inference: { python: true, strict: false } }));
    assert.deepEqual((await planPython(lax.unit, lax.tools))?.report?.unresolvedImports, ['Foo']);
    const named = planSubject(context, infer('import Foo\n', {}, { 'f/requirements.txt': 'foo-for-all\n' }));
    assert.deepEqual((await planned(named)).report?.unresolvedImports, ['Foo']);
  });

  test('production installs only what is locked or on the list of the operator', async (context) => {
    const settings = { production: true };
    const closed = planSubject(context, infer('import six\n', { settings }));
    await assert.rejects(
      planPython(closed.unit, closed.tools),
      /inference refused: FN_PRODUCTION is on and six is neither/,
    );
    const locked = planSubject(
      context,
      infer('import six\n', { settings }, { 'f/requirements.lock.txt': 'six==1.16.0\n' }),
    );
    assert.ok((await planned(locked)).steps.length > 0);
    const other = planSubject(
      context,
      infer('import six\n', { inference: { python: true, allow: ['idna'] } }),
    );
    await assert.rejects(
      planPython(other.unit, other.tools),
      /FN_AUTO_INFER_ALLOW is set and six is neither/,
    );
  });

  test("backends: an unknown one and one that is missing are told in the contract's words", async (context) => {
    const backend = (python: string) => ({
      inference: { python: true, backend: { python, node: 'native' } },
    });
    const unknown = planSubject(context, infer('import six\n', backend('magic')));
    await assert.rejects(planPython(unknown.unit, unknown.tools), {
      message: 'python dependency inference backend unsupported: magic. Supported values: native, pipreqs.',
    });
    const missing = planSubject(context, infer('import six\n', backend('pipreqs')));
    await assert.rejects(planPython(missing.unit, missing.tools), {
      message:
        "python dependency inference backend 'pipreqs' is unavailable. " +
        "Install it with 'pip install pipreqs' or switch FN_PY_INFER_BACKEND=native.",
    });
  });

  test('pipreqs is asked where the operator says so, and its failure is told', async (context) => {
    const folder = makeTree({});
    context.after(() => removeTree(folder));
    const facts = '{"abi": "3.11.0 x", "pip": {"version": "23", "dir": "/nowhere"}}';
    const ask = (name: string, pipreqs: string): ToolState =>
      scriptTool(folder, name, `#!/bin/sh\ncase "$2" in -c) echo '${facts}';; *) ${pipreqs};; esac\n`);
    const input = (tool: ToolState) => ({
      ...infer('import whatever\n', {
        inference: { python: true, writeManifest: false, backend: { python: 'pipreqs', node: 'native' } },
      }),
      tools: { FN_PYTHON_BIN: tool },
    });
    const subject = planSubject(context, input(ask('good', 'echo "INFO: saved"; echo requests; echo Flask')));
    assert.deepEqual((await planned(subject)).report?.resolvedPackages, ['requests', 'Flask']);
    const bad = planSubject(context, input(ask('bad', 'echo one >&2; echo two >&2; exit 2')));
    await assert.rejects(planPython(bad.unit, bad.tools), {
      message: 'python dependency inference via pipreqs failed: one | two',
    });
  });

  test('a syntax error, and a source made to break the parser, infer nothing', async (context) => {
    for (const source of ['def (:\n', `x = ${'('.repeat(5000)}1${')'.repeat(5000)}\nimport six\n`]) {
      const { unit, tools } = planSubject(context, infer(source));
      assert.equal(await planPython(unit, tools), null);
    }
  });
});
