// The first code of the binary: sees from the first argument which role is to be played and evaluates that role's bundle,
// and only that one. A launcher or Node worker starts as fast as bare Node because of it.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { getAsset, getRawAsset } from 'node:sea';
import { pathToFileURL } from 'node:url';
import { roleWords } from '../config/role-words.ts';
import { type BundleName, bundleNames, codeCacheAsset, compileBundle, runBundle } from './bundle-script.ts';

/** Takes the role word off the command line, so that each program sees the arguments it would see as a script. */
function takeRole(argv: string[]): BundleName {
  const word = argv[2];
  const named = bundleNames.find((name) => name !== 'cli' && roleWords[name] === word);
  if (named === undefined) return 'cli';
  argv.splice(2, 1);
  return named;
}

const role = takeRole(process.argv);
// The raw asset is the executable's own memory, mapped read-only: V8 reads the cache from it without a copy.
const cache = Buffer.from(getRawAsset(codeCacheAsset(role)) as ArrayBuffer);
const module = { exports: {} };
runBundle(compileBundle(role, getAsset(role, 'utf8'), cache), {
  exports: module.exports,
  module,
  require: createRequire(process.execPath),
  filename: process.execPath,
  dirname: dirname(process.execPath),
  url: pathToFileURL(process.execPath).href,
});
