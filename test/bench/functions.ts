// The functions that the benchmarks call, written into a temporary tree of their own.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { languages } from './languages.ts';

const unlimited = { max_concurrency: 0, timeout_ms: 30_000, max_body_bytes: 1_048_576 };

/** Streams 100 MB in pieces of 64 KiB. */
const bigStream = `exports.handler = () => ({
  headers: { 'content-type': 'application/octet-stream' },
  body: (function* () {
    const piece = Buffer.alloc(65_536, 7);
    for (let sent = 0; sent < 100_000_000; sent += piece.length) yield piece;
  })(),
});
`;

/** `base`: the upstream of the edge proxy that `/proxied` leads to. */
export function writeBenchTree(base: string): string {
  const root = mkdtempSync(join(tmpdir(), 'fastfn-bench-'));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  write('fn.config.json', JSON.stringify(unlimited));
  write('get.stream.js', bigStream);
  write('proxied/get.index.js', "exports.handler = () => ({ proxy: { path: '/hello' } });\n");
  write(
    'proxied/fn.config.json',
    JSON.stringify({
      ...unlimited,
      edge: { base_url: base, allow_hosts: [new URL(base).host], allow_private: true },
    }),
  );
  for (const { name, extension, hello, echo, coldCalls } of languages) {
    write(`${name}-hello/get.index${extension}`, hello);
    write(`${name}-echo/post.index${extension}`, echo);
    for (let index = 0; index < coldCalls; index++)
      write(`${name}-cold${index}/get.index${extension}`, coldSource(hello, extension, index));
  }
  return root;
}

/** Different in each, so that compiled ones are builds of their own. */
function coldSource(hello: string, extension: string, index: number): string {
  const mark = { '.py': '#', '.lua': '--' }[extension] ?? '//';
  return extension === '.php' ? hello : `${mark} ${index}\n${hello}`;
}

/** `count` functions in folders of ten, half of them dynamic. */
export function writeManyFunctions(count: number): string {
  const root = mkdtempSync(join(tmpdir(), 'fastfn-many-'));
  for (let index = 0; index < count; index++) {
    const folder = join(root, `group-${Math.floor(index / 10)}`);
    if (index % 10 === 0) mkdirSync(folder);
    const name = index % 2 === 0 ? `get.item-${index}.js` : `get.item-${index}.[id].py`;
    writeFileSync(join(folder, name), index % 2 === 0 ? hello('node') : hello('python'));
  }
  return root;
}

function hello(language: string): string {
  return languages.find(({ name }) => name === language)?.hello ?? '';
}
