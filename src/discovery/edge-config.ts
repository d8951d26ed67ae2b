// What one `fn.config.json` says of the edge: where a `proxy` directive may lead, which foreign pages may call, what
// browsers are told. Source: contract/edge-proxy.md 2.

import { readCors } from '../policy/cors-fields.ts';
import { readEdge } from '../policy/edge-fields.ts';
import type { FieldComplaint } from '../policy/field-reader.ts';
import type { PolicyPatch } from '../policy/resolve-policy.ts';
import { readSecurityHeaders } from '../policy/security-header-fields.ts';
import { type Complain, isObject } from './checked-document.ts';

type Json = Readonly<Record<string, unknown>>;

/** @param value the file without fields of a wrong type */
export function readEdgePatch(value: Json, complain: Complain): PolicyPatch {
  const below =
    (block: string): FieldComplaint =>
    (key, found, accepted) =>
      complain([block, ...key], found, accepted);
  const edge = isObject(value['edge']) ? readEdge(value['edge'], below('edge')) : null;
  const { cors, security_headers: security } = value;
  return {
    ...(edge === null ? {} : { edge }),
    ...(cors === undefined ? {} : { cors: readCors(cors, below('cors')) }),
    ...(security === undefined
      ? {}
      : { securityHeaders: readSecurityHeaders(security, below('security_headers')) }),
  };
}
