// Takes what must not leave the gateway out of texts that do: values of declared secrets, and paths of this host. Errors
// of handlers, captured output and load failures all pass through here before a client sees them.

import { readdirSync } from 'node:fs';

export interface RedactionOptions {
  /** Absolute functions root; paths below it become relative to it. */
  readonly root: string;
  /** Values of declared secrets. Those under `minSecretLength` are left: masking them would only garble the text. */
  readonly secrets: readonly string[];
  /** First segments of this host's absolute paths; default: what `/` holds. Tells a path from a URL route. */
  readonly hostFolders?: readonly string[];
}

const minSecretLength = 4;
const hidden = '<hidden>';
const hiddenPath = '<path>';
/** Also where they do not exist on this host: a worker may see another tree. */
const usualFolders = 'bin dev etc home lib lib64 opt proc root run srv sys tmp usr var'.split(' ');

export class Redactor {
  readonly #secrets: RegExp | null;
  readonly #root: RegExp | null;
  readonly #paths: RegExp;

  constructor(options: RedactionOptions) {
    // The longest first: of `abcd` and `abcd-1234` the second must not leave its tail.
    const secrets = [...new Set(options.secrets.flatMap(formsOf))]
      .filter((secret) => secret.length >= minSecretLength)
      .sort((a, b) => b.length - a.length);
    this.#secrets = secrets.length === 0 ? null : new RegExp(secrets.map(RegExp.escape).join('|'), 'g');
    const root = options.root.replace(/\/+$/, '');
    this.#root = root === '' ? null : new RegExp(`(?:file://)?${RegExp.escape(root)}/`, 'g');
    this.#paths = options.hostFolders === undefined ? pathsOfThisHost() : pathsBelow(options.hostFolders);
  }

  /** For logs: the operator may see paths. */
  maskSecrets(text: string): string {
    return this.#secrets === null ? text : text.replace(this.#secrets, hidden);
  }

  /** For clients. */
  mask(text: string): string {
    const masked = this.maskSecrets(text);
    return (this.#root === null ? masked : masked.replace(this.#root, '')).replace(this.#paths, hiddenPath);
  }
}

/** A secret as it is, and as texts that carry others write it: in JSON, in a URL, as base64. */
function formsOf(secret: string): string[] {
  if (secret.length < minSecretLength) return [];
  const wellFormed = secret.toWellFormed();
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(wellFormed),
    // Without padding, and without the last digit, which depends on what follows.
    Buffer.from(wellFormed).toString('base64').replace(/=+$/, '').slice(0, -1),
  ];
}

let ofThisHost: RegExp | null = null;

function pathsOfThisHost(): RegExp {
  ofThisHost ??= pathsBelow(readdirSync('/'));
  return ofThisHost;
}

function pathsBelow(hostFolders: readonly string[]): RegExp {
  const first = [...new Set([...usualFolders, ...hostFolders])].map(RegExp.escape).join('|');
  // Not after a letter, a dot, `:` or `/`: that is the middle of a relative path or of a URL.
  return new RegExp(`(?:file://|(?<![\\w.:/@-]))/(?:${first})/[^\\s'"\`,;:()<>|*?]*`, 'g');
}
