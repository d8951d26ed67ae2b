// Serves a renewed certificate without a restart: looks whether the files have changed, and hands a pair that fits to the
// server. Connections that are open keep theirs. A pair that does not fit (half of a renewal) leaves the old one serving.

import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Clock, Timer } from '../../clock.ts';
import type { Log } from '../../log.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Renewal happens days before the end; asked by time, because renewing replaces files behind links. */
const everyMs = 10_000;

/** @throws Error of the system or of OpenSSL */
export function loadCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  createSecureContext(pair);
  return pair;
}

export interface CertificateWatchOptions {
  readonly files: CertificateFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly install: (certificate: Certificate) => void;
}

export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  #seen: string;
  #timer: Timer;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#seen = stampOf(options.files);
    this.#timer = this.#next();
  }

  close(): void {
    this.#timer.cancel();
  }

  #next(): Timer {
    return this.#options.clock.after(everyMs, () => {
      this.#look();
      this.#timer = this.#next();
    });
  }

  #look(): void {
    const { files, log, install } = this.#options;
    const stamp = stampOf(files);
    if (stamp === this.#seen) return;
    try {
      install(loadCertificate(files));
      log.info('certificate renewed');
      this.#seen = stamp;
    } catch (error) {
      // Looked at again each time, until it fits.
      log.error({ err: error }, 'cannot use the changed certificate; the old one goes on serving');
    }
  }
}

function stampOf({ certFile, keyFile }: CertificateFiles): string {
  const stamps = [certFile, keyFile].map((file) => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
  });
  return stamps.join(' ');
}
