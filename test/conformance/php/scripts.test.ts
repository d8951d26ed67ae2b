// A PHP file without a handler is the handler itself: it runs at every call (contract/invocation.md 9.3).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loaded, runPhp, skip } from './php-worker.ts';

describe('php scripts', { skip }, () => {
  it('what the file echoes is the body, again and again, with its functions, classes and constants', async (test) => {
    const worker = await loaded(test, 'script');
    for (let run = 1; run <= 3; run += 1) {
      const answer = await worker.invoke({ event: { params: { id: '7' } } });
      assert.equal(answer.error, null);
      assert.equal(answer.body.toString(), 'HELLO! <7> script handler.php 29\n');
      assert.equal(answer.status, 418);
      assert.deepEqual(answer.headers, {
        'X-Run': String(run),
        'content-type': 'text/plain; charset=utf-8',
      });
      assert.equal(answer.stderr, '');
    }
  });

  it('an exit ends it, with the status it had set', async (test) => {
    const worker = await loaded(test, 'script');
    for (let run = 0; run < 2; run += 1) {
      const answer = await worker.invoke({ event: { raw_path: '/x?exit=1' } });
      assert.equal(answer.status, 418);
      assert.equal(answer.body.toString(), 'HELLO! <GET> script handler.php 29\nleft early');
    }
  });

  it('what it returns stands behind what it echoes', async (test) => {
    const worker = await loaded(test, 'script');
    const answer = await worker.invoke({ event: { raw_path: '/x?return=last' } });
    assert.match(answer.body.toString(), /29\nlast$/);
  });

  it('a method called handler makes no handler', async (test) => {
    const worker = await loaded(test, 'no-handler');
    assert.equal((await worker.invoke()).body.toString(), 'the script itself');
    assert.equal((await worker.invoke()).body.toString(), 'the script itself');
  });

  it('a closure that the file returns is its handler', async (test) => {
    const worker = await loaded(test, 'script-closure');
    for (const id of ['7', '8'])
      assert.equal((await worker.invoke({ event: { params: { id } } })).body.toString(), `closure ${id}`);
  });

  it('a handler that comes from an included file is found, and the file is not run again', async (test) => {
    const worker = await loaded(test, 'script-including');
    for (let call = 0; call < 2; call += 1)
      assert.equal((await worker.invoke()).body.toString(), 'from the other, loaded 1 time');
  });

  const declaring: readonly [source: string, declares: boolean][] = [
    ['function handler() {}', true],
    ['namespace A; function Handler($e) {}', true],
    ['if (true) { function &handler() {} }', true],
    ['class A { function handler() {} }', false],
    ['$a = new class { function handler() {} };', false],
    ['interface A { function handler(); } trait B { function handler() {} }', false],
    ['use function a\\handler; $b = "function handler() {}"; // function handler() {}', false],
    ['$handler = function () {}; handler();', false],
    ['$a = "{$b["c"]} {$d}"; class A { function handler() {} }', false],
    ['echo A::class; function handler() {}', true],
  ];
  it('a file is known to have a handler without running it', () => {
    const sources = Buffer.from(JSON.stringify(declaring.map(([source]) => `<?php ${source}`))).toString(
      'base64',
    );
    const printed = runPhp(
      `foreach (json_decode(base64_decode('${sources}')) as $text)
         $found[] = (new FastFn\\Worker\\SourceText($text))->declares('handler');
       echo json_encode($found);`,
    );
    assert.deepEqual(
      JSON.parse(printed),
      declaring.map(([, declares]) => declares),
    );
  });
});
