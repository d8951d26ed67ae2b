// The functions that the benchmarks call, written into a temporary tree of their own.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const unlimited = { max_concurrency: 0, timeout_ms: 30_000, max_body_bytes: 1_048_576 };

const sources: Record<string, string> = {
  'get.hello.js': "exports.handler = () => ({ message: 'Hello, World' });\n",
  'get.pyhello.py': 'def handler(event):\n    return {"message": "Hello, World"}\n',
  'post.echo.js':
    "exports.handler = (event) => ({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: event.body });\n",
  'post.pyecho.py':
    'def handler(event):\n    return {"status": 200, "headers": {"content-type": "text/plain; charset=utf-8"}, "body": event["body"]}\n',
};

/** Twenty functions a language that nobody has called: one cold first call each. */
export const coldFunctions = 10;

export function writeBenchTree(): string {
  const root = mkdtempSync(join(tmpdir(), 'fastfn-bench-'));
  writeFileSync(join(root, 'fn.config.json'), JSON.stringify(unlimited));
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(root, name), text);
  for (let index = 0; index < coldFunctions; index++) {
    writeFileSync(join(root, `get.coldnode${index}.js`), sources['get.hello.js'] ?? '');
    writeFileSync(join(root, `get.coldpython${index}.py`), sources['get.pyhello.py'] ?? '');
  }
  return root;
}

/** `count` functions in folders of ten, half of them dynamic. */
export function writeManyFunctions(count: number): string {
  const root = mkdtempSync(join(tmpdir(), 'fastfn-many-'));
  for (let index = 0; index < count; index++) {
    const folder = join(root, `group-${Math.floor(index / 10)}`);
    if (index % 10 === 0) mkdirSync(folder);
    const name = index % 2 === 0 ? `get.item-${index}.js` : `get.item-${index}.[id].py`;
    writeFileSync(
      join(folder, name),
      index % 2 === 0 ? (sources['get.hello.js'] ?? '') : (sources['get.pyhello.py'] ?? ''),
    );
  }
  return root;
}
