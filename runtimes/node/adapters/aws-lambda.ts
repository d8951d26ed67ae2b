// Runs AWS Lambda handlers unchanged: API Gateway payload 2.0 in, Lambda context and callback beside it
// (contract/invocation.md 8.1 and 8.2; field names are those of the AWS documentation).

import type { HandlerCall, UserFunction } from '../callable.ts';
import type { HandlerEvent } from '../event.ts';
import type { Invocation } from '../invocation.ts';
import { isThenable } from '../thenable.ts';
import { type Fields, fieldsOf, headerOf, rawTarget, textOf } from './fields.ts';

export function lambdaCall(handler: UserFunction, self: unknown): HandlerCall {
  return (event, invocation) => {
    const lambdaEvent = toLambdaEvent(event);
    const context = lambdaContext(event, invocation);
    return new Promise((resolve, reject) => {
      const callback = (failure?: unknown, result?: unknown): void => {
        if (failure === null || failure === undefined) resolve(result);
        else reject(failure instanceof Error ? failure : new Error(String(failure)));
      };
      // A synchronous throw rejects, because this runs inside the promise's executor.
      const returned: unknown = handler.call(self, lambdaEvent, context, callback);
      if (isThenable(returned)) resolve(returned);
      // Only a handler that declares the callback and returned nothing gets to decide later.
      else if (returned !== undefined || handler.length < 3) resolve(returned);
    });
  };
}

function toLambdaEvent(event: HandlerEvent): Fields {
  const target = rawTarget(event);
  const mark = target.indexOf('?');
  const rawPath = withSlash((mark < 0 ? target : target.slice(0, mark)) || textOf(event.path) || '/');
  const method = (textOf(event.method) || 'GET').toUpperCase();
  const sentQuery = mark < 0 ? '' : target.slice(mark + 1);
  const cookies = cookieList(event);
  return {
    version: '2.0',
    routeKey: `${method} ${rawPath}`,
    rawPath,
    rawQueryString: sentQuery === '' ? encodeQuery(fieldsOf(event.query)) : sentQuery,
    ...(cookies.length === 0 ? {} : { cookies }),
    headers: joinValues(fieldsOf(event.headers)),
    queryStringParameters: joinedOrNull(fieldsOf(event.query)),
    pathParameters: joinedOrNull(fieldsOf(event.params)),
    requestContext: requestContext(event, method, rawPath),
    body: event.is_base64 ? event.body_base64 : (event.body ?? ''),
    isBase64Encoded: event.is_base64,
  };
}

function requestContext(event: HandlerEvent, method: string, path: string): Fields {
  const client = fieldsOf(event.client);
  const epoch = typeof event.ts === 'number' ? event.ts : Date.now();
  const host = headerOf(event, 'host');
  return {
    accountId: 'fastfn',
    apiId: 'fastfn',
    domainName: host,
    domainPrefix: host.split('.', 1)[0] ?? '',
    http: {
      method,
      path,
      protocol: 'HTTP/1.1',
      sourceIp: textOf(client.ip),
      userAgent: textOf(client.ua),
    },
    requestId: requestId(event),
    routeKey: `${method} ${path}`,
    stage: '$default',
    time: accessLogTime(epoch),
    timeEpoch: epoch,
  };
}

function lambdaContext(event: HandlerEvent, invocation: Invocation): Fields {
  const context = fieldsOf(event.context);
  const ignore = (): void => {};
  return {
    awsRequestId: requestId(event),
    functionName: textOf(context.function_name),
    functionVersion: textOf(context.version) || '$LATEST',
    invokedFunctionArn: textOf(context.invoked_function_arn),
    memoryLimitInMB: textOf(context.memory_limit_in_mb),
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => invocation.remainingMs(),
    done: ignore,
    fail: ignore,
    succeed: ignore,
    fastfn: event.context,
  };
}

function requestId(event: HandlerEvent): string {
  return textOf(fieldsOf(event.context).request_id) || textOf(event.id);
}

function cookieList(event: HandlerEvent): string[] {
  return headerOf(event, 'cookie', '; ')
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '');
}

/** AWS joins repeated headers and query keys with a comma. A key without a value (`?a`) is true here and '' there. */
function joinValues(fields: Fields): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue;
    joined[name] = (Array.isArray(value) ? value : [value])
      .map((item) => (item === true ? '' : textOf(item)))
      .join(',');
  }
  return joined;
}

function joinedOrNull(fields: Fields): Record<string, string> | null {
  const joined = joinValues(fields);
  return Object.keys(joined).length === 0 ? null : joined;
}

function encodeQuery(query: Fields): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined) search.append(name, item === true ? '' : textOf(item));
    }
  }
  return search.toString();
}

function withSlash(path: string): string {
  return path.startsWith('/') || /^https?:\/\//i.test(path) ? path : `/${path}`;
}

/** `12/Mar/2020:19:03:58 +0000`, as in AWS's requestContext.time. */
function accessLogTime(epochMs: number): string {
  const date = new Date(epochMs);
  const [, day, month, year, clock] = date.toUTCString().split(' ');
  return `${day}/${month}/${year}:${clock} +0000`;
}
