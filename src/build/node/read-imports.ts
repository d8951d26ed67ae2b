// What JavaScript and TypeScript sources import, read by a parser: text inside strings and comments is no import, and nothing
// of the source runs.

import { stripTypeScriptTypes } from 'node:module';
import { type Node, type Options, parse } from 'acorn';
import { simple } from 'acorn-walk';

const options: Options = {
  ecmaVersion: 'latest',
  allowAwaitOutsideFunction: true,
  allowHashBang: true,
  allowReturnOutsideFunction: true,
};

/** Specifiers as written, each once. A source that cannot be parsed imports nothing: loading it will say why. */
export function readImports(source: string, isTypeScript: boolean): string[] {
  const tree = parseSource(source, isTypeScript);
  if (tree === null) return [];
  const found = new Set<string>();
  const add = (node: Node | null | undefined): void => {
    const text = literalOf(node);
    if (text !== null) found.add(text);
  };
  simple(tree, {
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    CallExpression: (node) => {
      if (isRequire(node.callee)) add(node.arguments[0]);
    },
  });
  return [...found];
}

function parseSource(source: string, isTypeScript: boolean): Node | null {
  try {
    const script = isTypeScript ? stripTypeScriptTypes(source) : source;
    try {
      return parse(script, { ...options, sourceType: 'module' });
    } catch {
      // Sloppy code of CommonJS: `with`, `delete x`, a variable called `await`.
      return parse(script, { ...options, sourceType: 'script' });
    }
  } catch {
    return null;
  }
}

/** `require` and `require.resolve`. */
function isRequire(callee: Node): boolean {
  const node = callee as Node & { name?: string; object?: Node; property?: Node };
  if (node.type === 'Identifier') return node.name === 'require';
  if (node.type !== 'MemberExpression' || node.object === undefined || node.property === undefined)
    return false;
  return isRequire(node.object) && (node.property as Node & { name?: string }).name === 'resolve';
}

/** A text, or a template without holes. */
function literalOf(node: Node | null | undefined): string | null {
  const literal = node as
    | (Node & { value?: unknown; quasis?: { value: { cooked: string } }[] })
    | null
    | undefined;
  if (literal?.type === 'Literal') return typeof literal.value === 'string' ? literal.value : null;
  const [only, ...rest] = literal?.type === 'TemplateLiteral' ? (literal.quasis ?? []) : [];
  return only !== undefined && rest.length === 0 ? only.value.cooked : null;
}
