import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasRequirements, mainFile, moduleFile } from '../../../../src/build/go/go-module.ts';
import {
  acceptedName,
  checkPackage,
  handlerSymbol,
  withLineDirective,
} from '../../../../src/build/go/go-source.ts';

describe('go source', () => {
  test('handler is found before Handler, a name of the config alone', () => {
    assert.equal(
      handlerSymbol('package main\n\nfunc handler(event map[string]any) any {', 'handler'),
      'handler',
    );
    assert.equal(handlerSymbol('func Handler(e any) any {}', 'handler'), 'Handler');
    assert.equal(handlerSymbol('func Handler() {}\nfunc handler() {}', 'handler'), 'handler');
    assert.equal(handlerSymbol('var handler = wrap(inner)', 'handler'), 'handler');
    assert.equal(handlerSymbol('func handler() {}\nfunc Greet (e any) any {}', 'Greet'), 'Greet');
  });

  test('one that is not there is told in the words of the contract', () => {
    const text =
      /^PlanFault: go handler symbol not found \(expected func handler\(event map\[string\]interface\{\}\) \.\.\.\)$/;
    for (const source of ['', '// func handler() {}', 'func handlers() {}', 'func (s server) handler() {}'])
      assert.throws(() => handlerSymbol(source, 'handler'), text, source);
    assert.throws(() => handlerSymbol('func handler() {}', 'Greet'), /expected func Greet\(/);
    assert.throws(() => handlerSymbol('', 'a-b'), /invoke\.handler must be a valid identifier/);
  });

  test('another package than main is refused, with its name', () => {
    checkPackage('// a comment\npackage main\n', 'x.go');
    assert.throws(
      () => checkPackage('package api', 'get.x.go'),
      /get\.x\.go: found package api, accepted: package main/,
    );
  });

  test('names that Go passes over get others; the author’s name stays in messages', () => {
    assert.deepEqual(
      [acceptedName('_helper.go'), acceptedName('helper.go')],
      ['private_helper.go', 'helper.go'],
    );
    assert.equal(withLineDirective('package main', '[id].go'), '//line [id].go:1:1\npackage main');
  });
});

describe('go module', () => {
  test('a function without go.mod gets a plain one, one with it keeps it; both reach the worker', () => {
    const worker = 'require fastfn.invalid v0.0.0\n\nreplace fastfn.invalid => ./_fastfn\n';
    assert.ok(moduleFile(null).startsWith('module function\n') && moduleFile(null).endsWith(worker));
    assert.equal(moduleFile('module x.test/y\n'), `module x.test/y\n\n\n${worker}`);
  });

  test('requirements are seen in one line and in a block', () => {
    assert.ok(hasRequirements('module x\nrequire a.test/b v1.0.0\n'));
    assert.ok(hasRequirements('module x\nrequire (\n\ta.test/b v1.0.0\n)\n'));
    assert.ok(!hasRequirements('module x\n\ngo 1.21\n// require nothing\n'));
  });

  test('the beginning of the program hands the function to the worker', () => {
    assert.match(mainFile('Handler'), /import "fastfn\.invalid\/worker"[\s\S]*worker\.Serve\(Handler\)/);
  });
});
