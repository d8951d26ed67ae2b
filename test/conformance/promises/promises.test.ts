// The table of promises × languages: each cell is a test, or says why this language cannot honour it, or that this host lacks
// the language. A cell that says nothing fails.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callPromises } from './call-promises.ts';
import { type Language, languages, loadedWorker } from './languages.ts';
import { PromiseTable, type SharedPromise } from './promise.ts';
import { resultPromises } from './result-promises.ts';
import { streamPromises } from './stream-promises.ts';
import { wirePromises } from './wire-promises.ts';
import { Subject, World } from './world.ts';

const promises: readonly SharedPromise[] = [
  ...callPromises,
  ...resultPromises,
  ...streamPromises,
  ...wirePromises,
];
const names = languages.map(({ name }) => name);
const table = new PromiseTable();

let world: World;
before(async () => {
  world = await World.open();
});
after(async () => {
  await world.close();
  for (const language of languages) language.close();
});

async function keep(promise: SharedPromise, language: Language): Promise<void> {
  if ('check' in promise) {
    await promise.check(new Subject(world, language));
    return;
  }
  const worker = await loadedWorker(language);
  try {
    await promise.wire(worker);
  } finally {
    await worker.close();
  }
}

for (const language of languages) {
  describe(`promises: ${language.name}`, () => {
    for (const promise of promises) {
      const cannot = promise.cannot?.[language.name];
      const skip = cannot ?? language.missing;
      if (cannot !== undefined) table.set(promise.promise, language.name, { cannot });
      else if (language.missing !== false) {
        table.set(promise.promise, language.name, { missing: language.missing });
      }
      test(promise.promise, { skip }, async () => {
        table.set(promise.promise, language.name, 'broken');
        await keep(promise, language);
        table.set(promise.promise, language.name, 'kept');
      });
    }
  });
}

test('promises: no cell of the table is empty', (context) => {
  for (const line of table.lines(names)) context.diagnostic(line);
  assert.deepEqual(table.holes(promises, names), []);
  assert.equal(new Set(promises.map(({ promise }) => promise)).size, promises.length, 'each promise once');
});
