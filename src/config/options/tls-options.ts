// Options of the gateway's own TLS; without a certificate it speaks plain HTTP, for a reverse proxy in front of it.

import type { Option } from '../option.ts';
import { readBoolExact, readText } from '../option-readers.ts';

const certFile: Option<string | null> = {
  doc: 'Certificate chain in PEM, the own certificate first; with FN_TLS_KEY_FILE the gateway speaks HTTPS. Read again when it changes.',
  accepted: 'path of a readable file',
  env: 'FN_TLS_CERT_FILE',
  key: 'tls-cert-file',
  fallback: null,
  read: readText(4096),
};

const keyFile: Option<string | null> = {
  doc: 'Private key of the certificate in PEM, readable by this user only.',
  accepted: 'path of a readable file',
  env: 'FN_TLS_KEY_FILE',
  key: 'tls-key-file',
  fallback: null,
  read: readText(4096),
};

const http2: Option<boolean> = {
  doc: 'Offers HTTP/2 beside HTTP/1.1 to clients that speak TLS with the gateway.',
  accepted: '1 or 0',
  env: 'FN_HTTP2',
  key: 'http2',
  fallback: true,
  read: readBoolExact,
};

export const tlsOptions = { certFile, keyFile, http2 };
