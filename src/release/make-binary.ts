// Makes one executable out of the Node that runs this and the product's bundles: @yao-pkg/pkg in SEA mode
// (https://nodejs.org/api/single-executable-applications.html). Needs nothing from the network.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as sea from '@yao-pkg/pkg/lib-es5/sea.js';
import { packageAssets } from '../config/program-files.ts';
import { runtimeRows } from '../config/runtime-rows.ts';
import { swaggerAssetPrefix, swaggerFiles } from '../config/swagger-files.ts';
import { type BundleEntries, makeBundles } from './make-bundles.ts';
import { attackProgramsOf, attacksFolder, dataFilesOf, repositoryRoot } from './repository.ts';

const packAsExecutable = sea.default.default;

/** The other languages' worker programs and rows of data, by asset name. */
function runtimeAssets(): Record<string, string> {
  const runtimes = join(repositoryRoot, 'runtimes');
  return Object.fromEntries(dataFilesOf(runtimes).map((file) => [`runtimes/${file}`, join(runtimes, file)]));
}

/** What workers need out of packages, by asset name. */
function packageFileAssets(): Record<string, string> {
  const { resolve } = createRequire(import.meta.url);
  const names = Object.values(runtimeRows).flatMap((row) => row.packageFiles ?? []);
  return Object.fromEntries(names.map((name) => [`${packageAssets}${name}`, resolve(name)]));
}

/** What `fastfn prove` attacks with. */
function attackAssets(): Record<string, string> {
  const programs = attackProgramsOf(repositoryRoot);
  return Object.fromEntries(
    programs.map((file) => [`${attacksFolder}/${file}`, join(repositoryRoot, attacksFolder, file)]),
  );
}

/** Swagger UI's own files, for the documentation page. */
function docsAssets(): Record<string, string> {
  return Object.fromEntries(swaggerFiles().map(([name, path]) => [`${swaggerAssetPrefix}${name}`, path]));
}

function versionAsset(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'));
  const file = join(folder, 'version');
  writeFileSync(file, String(manifest.version));
  return file;
}

async function pack(entries: BundleEntries, folder: string): Promise<string> {
  const { main, assets } = await makeBundles(entries, folder);
  const output = join(folder, 'fastfn');
  const seaConfig = {
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // The binary starts itself again as a Node worker with `--node-options="--permission …"`.
    execArgvExtension: 'cli',
    assets: {
      ...assets,
      ...runtimeAssets(),
      ...packageFileAssets(),
      ...attackAssets(),
      ...docsAssets(),
      version: versionAsset(folder),
    },
  };
  // With `useLocalNode` the target only names what this very Node is.
  const platform: 'macos' | 'linux' = process.platform === 'darwin' ? 'macos' : 'linux';
  const target = { nodeRange: 'node26', platform, arch: process.arch, output };
  await packAsExecutable(main, { useLocalNode: true, targets: [target], seaConfig });
  return output;
}

/** Writes the executable to `output`, in one step, so that a running one is replaced and not torn. */
export async function makeBinary(entries: BundleEntries, output: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-package-'));
  try {
    const packed = await pack(entries, folder);
    mkdirSync(dirname(output), { recursive: true });
    const beside = `${output}.new`;
    copyFileSync(packed, beside);
    renameSync(beside, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
