// One method of one route as an OpenAPI operation. Source: contract/assets-home-openapi.md C3.

import type { FunctionUnit } from '../../discovery/catalog.ts';
import { fitsInput } from '../../invocation/input-check.ts';
import type { OperationFacts } from './operation-facts.ts';
import type { PathParameter } from './path-template.ts';
import { requestBody } from './request-body.ts';
import { type Json, propertiesOf, propertyReference, requiredOf } from './schema-parts.ts';

export function operation(facts: OperationFacts, operationId: string): Json {
  const { method, unit, docs, versions } = facts;
  const parameters = [...pathParameters(facts), ...queryParameters(facts)];
  const body = method === 'GET' ? null : requestBody(facts);
  return {
    tags: ['functions'],
    summary: `${method} ${docs.summary ?? `invoke ${unit.runtime}/${unit.name}${versionOf(unit)}`}`,
    ...(versions.length === 0 ? {} : { description: `Also as ${versions.join(', ')}.` }),
    operationId,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: body }),
    responses: responses(unit),
  };
}

function versionOf({ version }: FunctionUnit): string {
  return version === 'default' ? '' : `@${version}`;
}

function pathParameters({ template, unit, names }: OperationFacts): Json[] {
  return template.parameters.map((parameter) => {
    const description = describeParameter(parameter);
    return {
      name: parameter.name,
      in: 'path',
      required: true,
      ...(description === '' ? {} : { description }),
      schema: propertyReference(unit, 'params', parameter.handlerName, names) ?? { type: 'string' },
    };
  });
}

function describeParameter({ name, handlerName, catchAll }: PathParameter): string {
  const parts = [];
  if (catchAll) parts.push('One or more segments: slashes may occur.');
  if (handlerName === '') parts.push('The rest of the parameter before it.');
  else if (handlerName !== name) parts.push(`The handler gets it as ${handlerName}.`);
  return parts.join(' ');
}

function queryParameters(facts: OperationFacts): Json[] {
  const { unit, docs, names } = facts;
  const examples = fitsInput(unit, 'query', docs.query ?? {}) ? (docs.query ?? {}) : {};
  const listed = Object.keys(propertiesOf(unit, 'query'));
  const required = requiredOf(unit, 'query');
  return [...new Set([...listed, ...Object.keys(examples)])].sort().map((name) => {
    const example = Object.hasOwn(examples, name) ? examples[name] : undefined;
    const schema = propertyReference(unit, 'query', name, names);
    return {
      name,
      in: 'query',
      required: required.includes(name),
      schema: schema ?? schemaOfValue(example),
      ...(example === undefined ? {} : { example: schema === null ? exampleText(example) : example }),
    };
  });
}

function schemaOfValue(value: unknown): Json {
  switch (typeof value) {
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return { type: Number.isInteger(value) ? 'integer' : 'number' };
    default:
      return { type: 'string' };
  }
}

/** What stands in a query: an object or a list as its JSON text. */
function exampleText(value: unknown): unknown {
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

const failures: Readonly<Record<string, string>> = {
  '400': 'The request is malformed, or does not fit what the function takes',
  '404': 'No such route',
  '405': 'The path answers other methods; Allow names them',
  '413': 'The body is larger than the function takes',
  '429': 'Too many calls at once or in the window',
  '500': 'The handler failed',
  '502': 'The worker ended or gave no valid answer',
  '503': 'The language is down or no worker could be started',
  '504': 'The deadline of the function passed',
};

function responses(unit: FunctionUnit): Json {
  const own = { '200': { description: 'What the handler answers', content: anyContent } };
  const host =
    unit.policy.allowHosts === null ? {} : { '421': failure('The function does not answer this host') };
  const rows = Object.entries(failures).map(([status, text]) => [status, failure(text)]);
  return { ...own, ...Object.fromEntries(rows), ...host };
}

const anyContent: Json = {
  'application/json': { schema: { type: 'object', additionalProperties: true }, example: { ok: true } },
  'text/plain': { schema: { type: 'string' }, example: 'ok' },
};

export function failure(description: string): Json {
  return {
    description,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
}
