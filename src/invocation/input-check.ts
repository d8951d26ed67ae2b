// Holds a request to the schemas of its function before anybody runs it. What does not fit is 400 with the name of the
// field and what it must be, never its value. The handler gets the query as the schema types it: texts brought to the
// named type, defaults filled in; path parameters and body reach it as they were sent.

import type { ErrorObject } from 'ajv';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { type InputPart, type JsonSchema, readInputSchema } from '../discovery/input/input-schema.ts';
import { GatewayError } from '../errors.ts';
import type { InvocationRequest } from './invocation.ts';

/** A body that the schema describes must be there. */
const bodyMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const maxField = 200;

/**
 * The request as the function is to see it; the very same where the function has no schemas.
 * @throws GatewayError bad_request; for the body from `readBody` of what is returned
 */
export function checkedRequest(request: InvocationRequest): InvocationRequest {
  const { input } = request.unit;
  if (input === undefined) return request;
  const query = input.query === undefined ? request.query : checkPart('query', input.query, request.query);
  if (input.params !== undefined) checkPart('params', input.params, request.params);
  const { streamBody, passThrough, printed } = request;
  return {
    // Its data; what follows are its methods, which need the request itself.
    ...request,
    query,
    readBody: () => readChecked(request),
    // A body that a schema describes is read whole and checked, also for a handler that then reads it as a stream.
    streamBody: () => (input.body === undefined ? (streamBody?.call(request) ?? null) : null),
    ...(passThrough === undefined ? {} : { passThrough: (...args) => passThrough.apply(request, args) }),
    ...(printed === undefined ? {} : { printed: (...args) => printed.apply(request, args) }),
  };
}

type Values = Readonly<Record<string, unknown>>;

/** @returns a copy that the schema has typed and completed */
function checkPart(part: InputPart, schema: JsonSchema, values: Values): Values {
  const copy = structuredClone(values);
  validate(part, schema, copy);
  return copy;
}

function readChecked(request: InvocationRequest): Promise<Buffer | null> | null {
  const { unit, method } = request;
  const reading = request.readBody();
  if (unit.input?.body === undefined || !(bodyMethods.has(method) || method === 'DELETE')) return reading;
  if (reading === null) return bodyMethods.has(method) ? Promise.reject(missingBody()) : null;
  return reading.then((body) => {
    if (body !== null && body.length > 0) validate('body', unit.input?.body ?? true, parseBody(body));
    else if (bodyMethods.has(method)) throw missingBody();
    return body;
  });
}

function missingBody(): GatewayError {
  return new GatewayError('bad_request', { text: 'invalid body: a JSON body is required' });
}

/** JSON whatever its Content-Type says: what the handler would make of it is what is checked. */
function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new GatewayError('bad_request', { text: 'invalid body: must be JSON' });
  }
}

function validate(part: InputPart, schema: JsonSchema, value: unknown): void {
  const reading = readInputSchema(schema, part);
  if (reading.kind === 'bad') throw new GatewayError('config_invalid', { cause: reading.found });
  let fits: boolean;
  try {
    fits = reading.validate(value) === true;
  } catch (cause) {
    // A RangeError: a schema that refers to itself and a body nested deeper than the stack.
    throw new GatewayError('bad_request', { text: `invalid ${part}: nested too deep`, cause });
  }
  if (fits) return;
  throw new GatewayError('bad_request', { text: problemText(part, reading.validate.errors?.[0]) });
}

function problemText(part: InputPart, error: ErrorObject | undefined): string {
  if (error === undefined) return `invalid ${part}`;
  const field = fieldOf(error);
  return `invalid ${part}: ${field === '' ? '' : `${field} `}${wordsOf(error)}`;
}

/** `items[0].price`; of a key that is missing or too many, that key. */
function fieldOf({ instancePath, keyword, params }: ErrorObject): string {
  const keys = instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keyword === 'required' || keyword === 'dependentRequired') keys.push(String(params['missingProperty']));
  if (keyword === 'additionalProperties') keys.push(String(params['additionalProperty']));
  if (keyword === 'unevaluatedProperties') keys.push(String(params['unevaluatedProperty']));
  const text = keys.reduce((path, key) => {
    if (/^\d+$/.test(key)) return `${path}[${key}]`;
    return path === '' ? key : `${path}.${key}`;
  }, '');
  return text.slice(0, maxField);
}

function wordsOf({ keyword, message, params }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'dependentRequired':
      return `is required beside ${String(params['property'])}`;
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'is not a known field';
    case 'enum':
      return `must be one of ${JSON.stringify(params['allowedValues']).slice(0, maxField)}`;
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue']).slice(0, maxField)}`;
    case 'false schema':
      return 'is not accepted';
    default:
      return message ?? 'is not accepted';
  }
}

/** Whether the values of an example fit; for documentation. */
export function fitsInput(unit: FunctionUnit, part: InputPart, value: unknown): boolean {
  const schema = unit.input?.[part];
  if (schema === undefined) return true;
  const reading = readInputSchema(schema, part);
  return reading.kind === 'ok' && reading.validate(structuredClone(value)) === true;
}
