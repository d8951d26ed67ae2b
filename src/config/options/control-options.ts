// Options of the operator's side (`/_fn`): who may call it and how often. Source: contract/control-plane.md 1 and 2.

import type { Option } from '../option.ts';
import { readBoolOff, readBoolStrict, readCidrs, readInteger, readText } from '../option-readers.ts';

const accepted = '1, true, yes, on, 0, false, no or off';

/** Environment only: a token does not belong in a file that is copied around. */
const adminToken: Option<string | null> = {
  doc: 'Token that opens the control plane, sent as `x-fn-admin-token` or as a bearer token.',
  accepted: 'text of at most 512 printable characters',
  env: 'FN_ADMIN_TOKEN',
  fallback: null,
  secret: true,
  read: readText(512),
};

const uiEnabled: Option<boolean> = {
  doc: 'Serves the console pages.',
  accepted,
  env: 'FN_UI_ENABLED',
  key: 'ui-enabled',
  fallback: false,
  read: readBoolStrict,
};

const apiEnabled: Option<boolean> = {
  doc: 'Serves the console API below `/_fn`.',
  accepted,
  env: 'FN_CONSOLE_API_ENABLED',
  key: 'console-api-enabled',
  fallback: true,
  read: readBoolStrict,
};

const adminApiEnabled: Option<boolean> = {
  doc: 'Serves the parts of `/_fn` that change things.',
  accepted,
  env: 'FN_ADMIN_API_ENABLED',
  key: 'admin-api-enabled',
  fallback: true,
  read: readBoolStrict,
};

const docsEnabled: Option<boolean> = {
  doc: 'Serves the OpenAPI document and the documentation page.',
  accepted: 'true or false',
  env: 'FN_DOCS_ENABLED',
  key: 'docs-enabled',
  fallback: true,
  read: readBoolOff,
};

const writeEnabled: Option<boolean> = {
  doc: 'Lets callers without the admin token change functions and settings.',
  accepted,
  env: 'FN_CONSOLE_WRITE_ENABLED',
  key: 'console-write-enabled',
  fallback: false,
  read: readBoolStrict,
};

const publicExplore: Option<boolean> = {
  doc: 'Shown in `/_fn/ui-state`; changes nothing.',
  accepted,
  env: 'FN_PUBLIC_EXPLORE',
  key: 'public-explore',
  fallback: false,
  read: readBoolStrict,
};

const localOnly: Option<boolean> = {
  doc: 'Answers `/_fn` to this machine only, unless the admin token is sent.',
  accepted,
  env: 'FN_CONSOLE_LOCAL_ONLY',
  key: 'console-local-only',
  fallback: true,
  read: readBoolStrict,
};

const localCidrs: Option<readonly string[]> = {
  doc: 'Address blocks that count as this machine for the control plane, beside loopback.',
  accepted: 'a comma list of addresses or CIDR blocks, for example 10.0.0.0/8',
  env: 'FN_CONSOLE_LOCAL_CIDRS',
  key: 'console-local-cidrs',
  fallback: [],
  read: readCidrs,
};

const rateLimitBounds = { min: 0, max: 1_000_000, outside: 'clamp' } as const;

const rateLimitMax: Option<number> = {
  doc: 'Control-plane reads per window and client; 0 sets no limit.',
  accepted: 'an integer; 0 or less sets no limit',
  env: 'FN_CONSOLE_RATE_LIMIT_MAX',
  key: 'console-rate-limit-max',
  fallback: 120,
  read: (raw) => quietBelowZero(readInteger(rateLimitBounds)(raw)),
};

const writeRateLimitMax: Option<number> = {
  doc: 'Control-plane writes per window and client; 0 sets no limit.',
  accepted: 'an integer; 0 or less sets no limit',
  env: 'FN_CONSOLE_WRITE_RATE_LIMIT_MAX',
  key: 'console-write-rate-limit-max',
  fallback: 30,
  read: (raw) => quietBelowZero(readInteger(rateLimitBounds)(raw)),
};

const rateLimitWindowSeconds: Option<number> = {
  doc: 'Length of the control-plane rate limit window in seconds; 0 sets no limit.',
  accepted: 'an integer; 0 or less sets no limit',
  env: 'FN_CONSOLE_RATE_LIMIT_WINDOW_S',
  key: 'console-rate-limit-window-s',
  fallback: 60,
  read: (raw) => quietBelowZero(readInteger(rateLimitBounds)(raw)),
};

/** A negative number is the contract's way to say "off", so it deserves no warning. */
export function quietBelowZero(
  outcome: ReturnType<Option<number>['read']>,
): ReturnType<Option<number>['read']> {
  return outcome.value === 0 ? { value: 0, problems: [] } : outcome;
}

export const controlOptions = {
  adminToken,
  uiEnabled,
  apiEnabled,
  adminApiEnabled,
  docsEnabled,
  writeEnabled,
  publicExplore,
  localOnly,
  localCidrs,
  rateLimitMax,
  writeRateLimitMax,
  rateLimitWindowSeconds,
};
