// Route patterns as OpenAPI writes paths: `/users/:id/*` becomes `/users/{id}/{wildcard}`. Two templates of one shape are
// the same path for OpenAPI (3.1, "Path Templating"), whatever their parameters are called.

import { isCatchAll, isDynamicSegment } from '../../discovery/route-pattern.ts';

export interface PathParameter {
  /** In the template; each once. */
  readonly name: string;
  /** As the handler gets it, where that is another one. */
  readonly handlerName: string;
  readonly catchAll: boolean;
}

export interface PathTemplate {
  readonly path: string;
  readonly parameters: readonly PathParameter[];
  /** The path with all names left out. */
  readonly shape: string;
}

/** @param known parameter names of a template of the same shape, which are then used here too */
export function templateOf(pattern: string, known: readonly PathParameter[] = []): PathTemplate {
  const parameters: PathParameter[] = [];
  let wildcards = 0;
  const segments = pattern
    .split('/')
    .slice(1)
    .map((segment) => {
      if (!isDynamicSegment(segment)) return segment.replaceAll('{', '%7B').replaceAll('}', '%7D');
      if (segment === '*') wildcards += 1;
      const bare = wildcards > 1 ? `wildcard${wildcards}` : 'wildcard';
      const handlerName = segment === '*' ? bare : segment.slice(1).replace(/\*$/, '');
      const name = known[parameters.length]?.name ?? freeName(handlerName, parameters);
      parameters.push({ name, handlerName, catchAll: isCatchAll(segment) });
      return `{${name}}`;
    });
  const path = `/${segments.join('/')}`;
  return { path, parameters, shape: path.replace(/\{[^}]*\}/g, '{}') };
}

function freeName(name: string, taken: readonly PathParameter[]): string {
  let free = name;
  for (let count = 2; taken.some((parameter) => parameter.name === free); count++) free = `${name}${count}`;
  return free;
}

/**
 * A catch-all beside a plain parameter of the same shape (`/users/:id*` beside `/users/:id`) as what only it answers: the
 * paths one level deeper and below.
 */
export function deeperTemplateOf(pattern: string, known: readonly PathParameter[] = []): PathTemplate {
  const plain = pattern.endsWith('/*') ? `${pattern.slice(0, -1)}:wildcard` : pattern.replace(/\*$/, '');
  const template = templateOf(`${plain}/:rest*`, known);
  const parameters = template.parameters.map((parameter, index, all) =>
    index === all.length - 1 ? { ...parameter, handlerName: '' } : parameter,
  );
  return { ...template, parameters };
}
