// The plan for a PHP function's packages: composer.json becomes one run of composer, whose autoloader the worker loads itself.
// No code of a package runs while it is installed. Source: contract/dependencies.md 4.

import { readFileSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import {
  type BuildPlan,
  type BuildStep,
  type DependencyReport,
  type WorkspaceFile,
  workspacePlaceholder,
} from '../build-plan.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';
import { contentKey } from '../content-key.ts';
import { filesOf, readManifest, shownPath } from '../function-files.ts';
import { manifestFolder } from '../manifest-folder.ts';
import { withReportedFaults } from '../reported-faults.ts';
import { firstLine } from '../script-head.ts';
import { isMetByHand } from './by-hand.ts';
import { type ComposerJson, readComposerJson } from './composer-json.ts';

/** Everything composer sees, in one folder: the autoloader names files of the function beside `vendor`. */
const app = 'fastfn-app';

const flags = [
  ...['--no-dev', '--no-interaction', '--no-progress', '--prefer-dist', '--no-scripts', '--no-plugins'],
  ...['--no-ansi', `--working-dir=${workspacePlaceholder}/${app}`],
];

export const planPhp = withReportedFaults('composer.json', async (unit, tools) => {
  const { settings, functionsRoot: root } = tools;
  const dir = manifestFolder(unit, 'composer.json');
  const manifest = readComposerJson(dir, root);
  if (manifest === null) return null;
  const lockText = readManifest(join(dir, 'composer.lock'), root);
  const report: DependencyReport = {
    mode: 'manifest',
    manifestPath: join(dir, 'composer.json'),
    lockfilePath: lockText === null ? `${app}/composer.lock` : join(dir, 'composer.lock'),
  };
  if (!settings.install.php)
    return { kind: 'none', report: { ...report, note: 'FN_AUTO_PHP_DEPS is disabled' } };
  if (isMetByHand(dir, manifest, lockText, root))
    return { kind: 'none', report: { ...report, note: 'installed by hand in vendor' } };
  if (settings.production && lockText === null && manifest.required.length > 0) {
    const wanted = shownPath(join(dir, 'composer.lock'), root);
    throw new PlanFault(`FN_PRODUCTION wants a lock: ${wanted} is missing`, report);
  }
  return assemble(await composerStep(tools), inputsOf(unit, dir, manifest, root), report);
});

function inputsOf(unit: FunctionUnit, dir: string, manifest: ComposerJson, root: string): WorkspaceFile[] {
  const texts = ['composer.json', 'composer.lock', 'auth.json'].flatMap((path) => {
    const text = path === 'composer.json' ? manifest.text : readManifest(join(dir, path), root);
    return text === null ? [] : [{ path, text }];
  });
  const taken = new Set(texts.map(({ path }) => path));
  const local = new Set(manifest.localPaths.flatMap((path) => filesOf(path, dir, unit, root)));
  const copied = [...local].map((file) => ({ path: relative(dir, file), copyOf: file }));
  const outside = copied.find(({ path }) => path.startsWith('..'));
  if (outside !== undefined) {
    const named = shownPath(join(dir, 'composer.json'), root);
    throw new PlanFault(
      `cannot use ${shownPath(outside.copyOf, root)}: ${named} names a file outside its folder`,
    );
  }
  return [...texts, ...copied.filter(({ path }) => !taken.has(path))];
}

/** @throws PlanFault where this host has no composer */
async function composerStep(tools: BuildTools): Promise<BuildStep & { readonly php: string }> {
  const [composer, php] = await Promise.all([tools.find('FN_COMPOSER_BIN'), tools.find('FN_PHP_BIN')]);
  if (!php.found) throw new PlanFault(`php ${php.reason}: install PHP 8.0 or newer, or set FN_PHP_BIN`);
  if (!composer.found) {
    throw new PlanFault(
      `composer install failed: composer ${composer.reason}; install Composer (Debian, Ubuntu: apt install composer), or set FN_COMPOSER_BIN`,
    );
  }
  const cache = tools.cacheDir('composer');
  const program = realpathSync(composer.path);
  const file = realpathSync(php.path);
  const isPhp = /^#!.*php|^<\?php/.test(firstLine(program));
  return {
    php: php.version,
    tool: 'composer install',
    command: isPhp
      ? { file, args: ['-d', 'memory_limit=-1', program, 'install', ...flags] }
      : { file: program, args: ['install', ...flags] },
    env: {
      ...tools.settings.registryEnvironment,
      COMPOSER_ALLOW_SUPERUSER: '1',
      COMPOSER_CACHE_DIR: cache,
      COMPOSER_VENDOR_DIR: 'vendor',
      // A link to a local package would lead out of what the worker sees.
      COMPOSER_MIRROR_PATH_REPOS: '1',
    },
    network: 'registry',
    toolchain: [file, program, ...php.readable],
    caches: [cache],
    timeoutMs: tools.settings.timeoutMs.install,
  };
}

function assemble(
  { php, ...step }: BuildStep & { readonly php: string },
  files: readonly WorkspaceFile[],
  report: DependencyReport,
): BuildPlan {
  const contentOf = (file: WorkspaceFile) => ('text' in file ? file.text : readFileSync(file.copyOf));
  return {
    // Packages are chosen by the version of PHP, up to its second number.
    key: contentKey([
      ['php', php.split('.').slice(0, 2).join('.')],
      ...files.map((file) => [file.path, contentOf(file)] as const),
    ]),
    runtime: 'php',
    kind: 'dependencies',
    files: files.map((file) => ({ ...file, path: `${app}/${file.path}` })),
    steps: [step],
    output: { program: null, importPaths: [app] },
    failureText: 'composer install failed',
    report,
  };
}
