// Options of the public edge beside the server itself: what answers for `/`, what browsers are told, how far upstreams of the
// edge proxy are trusted (contract/assets-home-openapi.md B, contract/edge-proxy.md 5).

import { readCors } from '../../policy/cors-fields.ts';
import type { CorsPolicy } from '../../policy/cors-policy.ts';
import type { FieldComplaint } from '../../policy/field-reader.ts';
import {
  type LocalTarget,
  type ParsedTarget,
  parseLocalTarget,
  parseRedirectTarget,
} from '../../policy/home-target.ts';
import { readSecurityHeaders } from '../../policy/security-header-fields.ts';
import { noSecurityHeaders, type SecurityHeaders } from '../../policy/security-headers.ts';
import { accept, ignore, type Option, type Outcome, type Problem } from '../option.ts';
import { readBoolExact, readBoolStrict } from '../option-readers.ts';

const homeFunction: Option<LocalTarget | null> = {
  doc: 'Path of the function (or file) that answers for `/`.',
  accepted: 'a local path such as /hello',
  env: 'FN_HOME_FUNCTION',
  key: 'home-function',
  fallback: null,
  read: (raw) => targetOutcome(parseLocalTarget(String(raw))),
};

const homeRedirect: Option<string | null> = {
  doc: 'Where `/` sends clients with 302, when no home function is set.',
  accepted: 'an http or https URL, or a local path',
  env: 'FN_HOME_REDIRECT',
  key: 'home-redirect',
  fallback: null,
  read: (raw) => targetOutcome(parseRedirectTarget(String(raw))),
};

/** A target that cannot be used leaves its place to the next candidate, and the operator hears about it. */
function targetOutcome<T>(parsed: ParsedTarget<T>): Outcome<T> {
  return parsed.kind === 'ok'
    ? accept(parsed.target)
    : ignore({ message: (name) => `${name} ignored: ${parsed.reason}` });
}

const landingPage: Option<boolean> = {
  doc: 'Shows a page with the routes on `/` where nothing else answers; off in serve, on in dev.',
  accepted: '1 or 0',
  env: 'FN_LANDING_PAGE',
  key: 'landing-page',
  fallback: false,
  devFallback: true,
  read: readBoolExact,
};

const verifyTls: Option<boolean> = {
  doc: 'Checks the certificates of https upstreams of the edge proxy; switch it off only for tests.',
  accepted: '1 or 0',
  env: 'FN_HTTP_VERIFY_TLS',
  key: 'http-verify-tls',
  fallback: true,
  read: readBoolStrict,
};

const cors: Option<CorsPolicy | null> = {
  doc: 'Which pages of other origins may call functions that set no cors themselves, and files.',
  accepted: 'false, or an object with origins',
  key: 'cors',
  fallback: null,
  read: (raw) => withProblems((complain) => readCors(raw, complain)),
};

const securityHeaders: Option<SecurityHeaders> = {
  doc: 'Headers for browsers on every answer of functions that set no security_headers themselves, and of files.',
  accepted: 'false, or an object',
  key: 'security-headers',
  fallback: noSecurityHeaders,
  read: (raw) => withProblems((complain) => readSecurityHeaders(raw, complain)),
};

/** Every fault stops the start: less protection than was asked for must not go unseen. */
function withProblems<T>(read: (complain: FieldComplaint) => T): Outcome<T> {
  const problems: Problem[] = [];
  const value = read((key, found, accepted) => {
    const place = key.length === 0 ? '' : `${key.join('.')}: `;
    problems.push({ severity: 'error', found: `${place}${found}`, accepted: `${place}${accepted}` });
  });
  return accept(value, problems);
}

export const edgeOptions = { homeFunction, homeRedirect, landingPage, verifyTls, cors, securityHeaders };
