// Builds functions trees from a table, in folders that are removed after the test, and asks routers short questions.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import type { Catalog, FunctionUnit, RouteMatch } from '../../../src/discovery/catalog.ts';
import { compileRouter } from '../../../src/discovery/router.ts';
import { type ScanOptions, scanFunctions } from '../../../src/discovery/scan.ts';

/** Path → text, or a value that is written as JSON; a list of paths stands for files with any content. */
export type TreeTable = Readonly<Record<string, unknown>> | readonly string[];

export function writeTree(root: string, table: TreeTable): void {
  const entries = Array.isArray(table) ? table.map((path) => [path, 'x'] as const) : Object.entries(table);
  for (const [path, content] of entries) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

export function makeTree(t: TestContext, table: TreeTable): string {
  const root = mkdtempSync(join(tmpdir(), 'fastfn-tree-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeTree(root, table);
  return root;
}

export function scan(root: string, options: Partial<ScanOptions> = {}): Promise<Catalog> {
  return scanFunctions({
    root,
    runtimes: ['node', 'python'],
    defaults: { timeoutMs: 2500, maxConcurrency: 20, maxBodyBytes: 1_048_576 },
    forceUrl: false,
    namespaceDepth: 3,
    ignoreDirs: [],
    strictFs: { enabled: true, locked: true },
    generation: 1,
    stateDir: join(root, '.fastfn'),
    ...options,
  });
}

export async function scanTree(
  t: TestContext,
  table: TreeTable,
  options: Partial<ScanOptions> = {},
): Promise<Catalog> {
  return scan(makeTree(t, table), options);
}

/** `GET /users/7` → what answers, as one line: `users/[id].js {"id":"7"}`, `405 GET, POST`, `404`. */
export function ask(catalog: Catalog, request: string, host = ''): string {
  const [method = '', rawPath = ''] = request.split(' ');
  return describe(catalog, compileRouter(catalog).match({ method, rawPath, host }));
}

function describe(catalog: Catalog, match: RouteMatch): string {
  switch (match.kind) {
    case 'found': {
      const params = Object.keys(match.params).length === 0 ? '' : ` ${JSON.stringify(match.params)}`;
      return `${relative(catalog.root, match.unit.entry)}${params}`;
    }
    case 'method_not_allowed':
      return `405 ${match.allow.join(', ')}`;
    case 'options':
      return `204 ${match.allow.join(', ')}`;
    default:
      return { not_found: '404', conflict: '409', host_not_allowed: '421', bad_path: '400' }[match.kind];
  }
}

/** Codes of real warnings with their files, as `code file`. */
export function warningsOf(catalog: Catalog): string[] {
  return catalog.warnings
    .filter((warning) => warning.level !== 'info')
    .map((warning) => `${warning.code} ${warning.file}`)
    .sort();
}

export function notesOf(catalog: Catalog): string[] {
  return catalog.warnings
    .filter((warning) => warning.level === 'info')
    .map((warning) => `${warning.code} ${warning.file}`)
    .sort();
}

export function unitAt(catalog: Catalog, path: string): FunctionUnit {
  const unit = [...catalog.functions.values()].find((each) => relative(catalog.root, each.entry) === path);
  if (unit === undefined) throw new Error(`no function at ${path}`);
  return unit;
}
