// Options of the API documentation. Source: contract/assets-home-openapi.md C, contract/config-cli.md 2.

import { accept, type Option, reject } from '../option.ts';
import { readBoolOff, readBoolStrict } from '../option-readers.ts';

/** Without the `/` at its end. */
const publicBaseUrl: Option<string | null> = {
  doc: 'Address of the service as clients see it, for the OpenAPI document.',
  accepted: 'an http or https URL without query',
  env: 'FN_PUBLIC_BASE_URL',
  key: 'public-base-url',
  fallback: null,
  read: (raw) => {
    const url = URL.parse(String(raw).trim());
    const isPlain = url !== null && url.username === '' && url.search === '' && url.hash === '';
    if (!isPlain || !['http:', 'https:'].includes(url.protocol) || url.href.length > 2048) return reject();
    return accept(url.href.replace(/\/+$/, ''));
  },
};

const openapiIncludeInternal: Option<boolean> = {
  doc: 'Lists the control plane in the OpenAPI document.',
  accepted: 'true or false',
  env: 'FN_OPENAPI_INCLUDE_INTERNAL',
  key: 'openapi-include-internal',
  aliases: ['openapi.include-internal', 'swagger-include-admin', 'swagger.include-admin'],
  fallback: false,
  read: readBoolOff,
};

const docsAdminOnly: Option<boolean> = {
  doc: 'Shows the API documentation to the operator only: this machine, or whoever sends the admin token.',
  accepted: '1, true, yes, on, 0, false, no or off',
  env: 'FN_DOCS_ADMIN_ONLY',
  key: 'docs-admin-only',
  fallback: false,
  read: readBoolStrict,
};

export const docsOptions = { publicBaseUrl, openapiIncludeInternal, docsAdminOnly };
