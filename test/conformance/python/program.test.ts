// The Python worker as source: compiles, and needs nothing but the standard library.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runPython, skip, workerFolder } from './python-worker.ts';

const readSources = `
import ast, json, os
found = []
for folder, _, names in os.walk(FOLDER):
    for name in names:
        if name.endswith(".py"):
            path = os.path.join(folder, name)
            with open(path) as file:
                source = file.read()
            tree = ast.parse(source, path)
            compile(source, path, "exec")
            imports = []
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    imports += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    imports.append(node.module)
            outside = [name for name in imports if name.split(".")[0] not in sys.stdlib_module_names | {"fastfn_worker"}]
            lengths = [node.end_lineno - node.lineno + 1 for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            found.append({"path": os.path.relpath(path, FOLDER), "outside": outside, "lines": source.count("\\n"),
                          "longest": max(lengths, default=0), "opens": bool(ast.get_docstring(tree)) or source.startswith("#")})
print(json.dumps(found))
`;

interface Source {
  readonly path: string;
  readonly outside: readonly string[];
  readonly lines: number;
  readonly longest: number;
  readonly opens: boolean;
}

describe('python worker program', { skip }, () => {
  const sources = (): Source[] =>
    JSON.parse(runPython(`FOLDER = ${JSON.stringify(workerFolder)}\n${readSources}`)) as Source[];

  it('every module compiles, imports the standard library alone and keeps the house rules', () => {
    const found = sources();
    assert.ok(found.length > 10);
    for (const source of found) {
      assert.deepEqual(source.outside, [], source.path);
      assert.ok(source.lines <= 250, `${source.path} has ${source.lines} lines`);
      assert.ok(source.longest <= 40, `${source.path} has a function of ${source.longest} lines`);
      assert.ok(source.opens, `${source.path} does not say what it is for`);
    }
  });

  it('serving plain code imports neither json nor asyncio nor inspect', () => {
    const code =
      'import fastfn_worker.program, fastfn_worker.sync_worker, fastfn_worker.guard\n' +
      'print([name for name in ("json", "re", "asyncio", "inspect", "typing", "logging", "traceback") if name in sys.modules])';
    assert.equal(runPython(code).trim(), '[]');
  });

  it('JSON without the C accelerator is the same', () => {
    const code = `
import fastfn_worker.wire_json as fast
scan, encode, quote = fast._plain()
value = {"a": [1, 2.5, True, None, "ü\\u2028\\x00"], "": {}}
assert encode(value) == fast.encode(value)
assert quote("ü\\"") == fast.quote("ü\\"")
for text in ["NaN", "-Infinity", "[1,]", "{", ""]:
    for read in (lambda: fast.decode(text.encode()), lambda: scan(text, 0)):
        try:
            read()
        except (ValueError, StopIteration):
            continue
        raise AssertionError(text)
print("same")
`;
    assert.equal(runPython(code).trim(), 'same');
  });
});
