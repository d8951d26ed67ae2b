// Every endpoint of the control plane in one table (contract/control-plane.md 2). What is not in it is not found.

import type { AccessRow } from './access-row.ts';
import { bodies, queries } from './request-schemas.ts';

const probe = { method: 'GET', access: 'open', permission: 'read' } as const;
const docs = { method: 'GET', access: 'docs', permission: 'read' } as const;
const read = { method: 'GET', access: 'api', permission: 'read' } as const;
const invoke = { method: 'POST', access: 'api', permission: 'invoke' } as const;
const write = { access: 'api', permission: 'write' } as const;
const login = { method: 'POST', access: 'login', permission: 'read', bucket: 'login' } as const;
const page = { method: 'GET', access: 'ui', permission: 'read', bucket: 'ui' } as const;

const changeUiState = {
  ...write,
  path: '/_fn/ui-state',
  handler: 'change ui state',
  body: bodies.uiState,
  summary: 'Changes switches; what lets more callers in needs the admin token.',
} as const;

export const accessTable = [
  // How the gateway is.
  {
    ...probe,
    path: '/_fn/health',
    handler: 'health',
    query: queries.health,
    summary: 'Whether the gateway works; details for the operator.',
  },
  {
    ...probe,
    path: '/_fn/ready',
    handler: 'ready',
    summary: '200, or 503 while starting, draining or without a language that is needed.',
  },
  { ...read, path: '/_fn/metrics', handler: 'metrics', summary: 'Prometheus text.' },
  { ...read, path: '/system/metrics', handler: 'metrics', summary: 'The same under its older name.' },
  {
    ...read,
    path: '/_fn/catalog',
    handler: 'catalog',
    summary: 'What is served: routes, functions, languages.',
  },
  { ...read, path: '/_fn/functions', handler: 'functions', summary: 'All functions with their state.' },
  { ...read, path: '/_fn/api/functions', handler: 'functions', summary: 'The same under its older name.' },
  {
    ...invoke,
    path: '/_fn/reload',
    handler: 'reload',
    methodFirst: true,
    summary: 'Reads the functions again and answers when they are served.',
  },
  {
    ...read,
    path: '/_fn/dashboard',
    handler: 'dashboard',
    summary: 'Figures of the last 24 hours, measured.',
  },
  { ...read, path: '/_fn/packs', handler: 'packs', summary: 'Shared packs of dependencies.' },
  {
    ...read,
    path: '/_fn/logs',
    handler: 'logs',
    query: queries.logs,
    summary: 'The newest log lines as text, as JSON, or followed as server-sent events.',
  },
  {
    ...read,
    path: '/_fn/audit',
    handler: 'audit',
    query: queries.lines,
    summary: 'The newest lines of the audit log: who changed what.',
  },

  // What is served, for those who call it.
  { ...docs, path: '/_fn/openapi.json', handler: 'openapi', summary: 'The functions as OpenAPI 3.1.' },
  { ...docs, path: '/openapi.json', handler: 'openapi', summary: 'The same at the root.' },
  { ...docs, path: '/_fn/docs', handler: 'docs page', summary: 'The document as a page.' },
  { ...docs, path: '/_fn/docs/*', handler: 'docs page', summary: 'Files of that page.' },

  // Functions and their files.
  {
    ...read,
    path: '/_fn/function',
    handler: 'read function',
    query: queries.function,
    summary: 'One function: policy, masked environment, how to call it, code.',
  },
  {
    ...write,
    method: 'POST',
    path: '/_fn/function',
    handler: 'create function',
    query: queries.target,
    body: bodies.create,
    summary: 'Makes a function and answers when it is served.',
  },
  {
    ...write,
    method: 'DELETE',
    path: '/_fn/function',
    handler: 'delete function',
    query: queries.target,
    summary: 'Deletes a function; can be taken back until the next change.',
  },
  {
    ...read,
    path: '/_fn/function-config',
    handler: 'read config',
    query: queries.target,
    summary: 'A function with its config file.',
  },
  {
    ...write,
    method: 'PUT',
    path: '/_fn/function-config',
    handler: 'change config',
    query: queries.target,
    body: bodies.config,
    summary: 'Changes keys of its config file; null takes a key away.',
  },
  {
    ...read,
    path: '/_fn/function-env',
    handler: 'read env',
    query: queries.target,
    summary: 'A function with its environment; secrets are never shown.',
  },
  {
    ...write,
    method: 'PUT',
    path: '/_fn/function-env',
    handler: 'change env',
    query: queries.target,
    body: bodies.env,
    summary: 'Sets and deletes variables; those not named stay.',
  },
  {
    ...read,
    path: '/_fn/function-code',
    handler: 'read code',
    query: queries.target,
    summary: 'A function with its code.',
  },
  {
    ...write,
    method: 'PUT',
    path: '/_fn/function-code',
    handler: 'change code',
    query: queries.target,
    body: bodies.code,
    summary: 'Replaces the handler file.',
  },
  {
    ...read,
    path: '/_fn/function-files',
    handler: 'list files',
    query: queries.target,
    summary: "Files of a function's folder.",
  },
  {
    ...read,
    path: '/_fn/function-file-content',
    handler: 'read file',
    query: queries.file,
    summary: 'One of those files.',
  },
  {
    ...write,
    method: 'PUT',
    path: '/_fn/function-file-content',
    handler: 'change file',
    query: queries.target,
    body: bodies.file,
    summary: 'Writes a file whole.',
  },
  {
    ...write,
    method: 'DELETE',
    path: '/_fn/function-file-content',
    handler: 'delete file',
    query: queries.file,
    summary: 'Deletes a file; can be taken back until the next change.',
  },
  {
    ...invoke,
    path: '/_fn/invoke',
    handler: 'invoke',
    body: bodies.invoke,
    audited: false,
    summary: 'Calls a function and tells its answer as JSON.',
  },
  { ...read, path: '/_fn/undo', handler: 'last deletion', summary: 'What could be taken back.' },
  { ...write, method: 'POST', path: '/_fn/undo', handler: 'undo', summary: 'Takes the last deletion back.' },

  // The operator's secrets.
  {
    ...read,
    path: '/_fn/secrets',
    handler: 'list secrets',
    summary: 'Names and versions of the secrets; never a value.',
  },
  {
    ...write,
    method: 'POST',
    path: '/_fn/secrets',
    handler: 'set secret',
    body: bodies.secret,
    summary: 'Sets a secret; the functions that ask for it get workers of their own with it.',
  },
  {
    ...write,
    method: 'DELETE',
    path: '/_fn/secrets',
    handler: 'delete secret',
    query: queries.secret,
    summary: 'Deletes a secret for good.',
  },

  // Who may.
  { ...login, path: '/_fn/login', handler: 'login', body: bodies.login, summary: 'Starts a session.' },
  { ...login, path: '/_fn/logout', handler: 'logout', access: 'logout', summary: 'Ends the session.' },
  { ...read, path: '/_fn/ui-state', handler: 'ui state', summary: 'The switches of the control plane.' },
  { ...changeUiState, method: 'PUT' },
  { ...changeUiState, method: 'POST' },
  { ...changeUiState, method: 'PATCH' },
  {
    ...write,
    method: 'DELETE',
    path: '/_fn/ui-state',
    handler: 'clear ui state',
    summary: 'Goes back to the configured switches.',
  },
  { ...page, path: '/console', handler: 'console page', summary: 'The console.' },
  { ...page, path: '/console/*', handler: 'console page', summary: 'Pages and files of the console.' },
] as const satisfies readonly AccessRow[];

/** Each has a function in control-handlers.ts. */
export type HandlerName = (typeof accessTable)[number]['handler'];
