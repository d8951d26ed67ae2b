// The operator's secrets: sealed on disk, open in this process's memory. Written by the gateway and by the command line, one
// at a time; each notices what the other has written. Values are given to those who ask by name, and listed to nobody.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makePrivateFolder, makeStateFolder } from '../store/atomic-file.ts';
import { withFileLock } from '../store/file-lock.ts';
import { JsonFile } from '../store/json-file.ts';
import { seal, unseal } from './sealed-value.ts';
import {
  fromJson,
  keptVersions,
  maxSecretBytes,
  maxSecrets,
  type SealedSecret,
  type SecretDocument,
  secretName,
  toJson,
} from './secret-document.ts';
import { newKey, readKeys, type SecretKey, writeKeys } from './secret-key.ts';

export interface SecretStoreOptions {
  readonly path: string;
  readonly keyFile: string;
  /** Whether a missing key file is made. Not where the operator names one: a typing error must not make a new key. */
  readonly makeKey: boolean;
  /** Epoch ms. */
  readonly now: () => number;
}

export interface SecretInfo {
  readonly name: string;
  readonly version: number;
  /** Epoch ms of the first and of the present version. */
  readonly created: number;
  readonly updated: number;
  readonly keyId: string;
  /** False: no key that we have opens it. */
  readonly readable: boolean;
}

export interface OpenSecret {
  readonly value: string;
  /** Changes with every new value. */
  readonly stamp: string;
}

/** Says in public words what the caller got wrong. */
export class SecretFault extends Error {}

export class SecretStore {
  readonly #options: SecretStoreOptions;
  readonly #file: JsonFile;
  readonly #listeners = new Set<() => void>();
  #sealed: SecretDocument = new Map();
  #open: ReadonlyMap<string, OpenSecret> = new Map();
  #stamp = '';

  private constructor(options: SecretStoreOptions) {
    this.#options = options;
    this.#file = new JsonFile(options.path);
  }

  /** @throws Error when file or keys are there and cannot be used */
  static async open(options: SecretStoreOptions): Promise<SecretStore> {
    const store = new SecretStore(options);
    // What the state folder lies in; the folder itself comes with what is first kept in it.
    await makePrivateFolder(dirname(dirname(options.path)));
    await store.#load();
    return store;
  }

  get(name: string): OpenSecret | null {
    return this.#open.get(name) ?? null;
  }

  list(): SecretInfo[] {
    return [...this.#sealed].map(([name, { created, versions }]) => ({
      name,
      created,
      version: versions[0]?.version ?? 0,
      updated: versions[0]?.created ?? created,
      keyId: versions[0]?.key ?? '',
      readable: this.#open.has(name),
    }));
  }

  /** Called after each change, of whichever process. */
  whenChanged(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Reads again what another process has written. @throws Error as `open` does; what was read before stays */
  async refresh(): Promise<void> {
    if ((await this.#stampNow()) === this.#stamp) return;
    await this.#load();
    for (const listener of this.#listeners) listener();
  }

  /** @throws SecretFault; Error where the keys cannot be used */
  async set(name: string, value: string): Promise<'created' | 'updated'> {
    if (!secretName.test(name))
      throw new SecretFault('a key is a name of letters, digits and _, at most 128');
    if (value === '' || Buffer.byteLength(value) > maxSecretBytes || value.includes('\0'))
      throw new SecretFault(`a value is a text of 1 to ${maxSecretBytes} bytes without zero bytes`);
    return this.#change(async (document) => {
      const before = document.get(name);
      if (before === undefined && document.size >= maxSecrets)
        throw new SecretFault(`there are ${maxSecrets} secrets already`);
      document.set(name, withValue(name, value, before, await this.#sealingKey(), this.#options.now()));
      return before === undefined ? 'created' : 'updated';
    });
  }

  /** @returns whether there was one */
  remove(name: string): Promise<boolean> {
    return this.#change(async (document) => document.delete(name));
  }

  /** The value before the present one, as a version of its own. @throws SecretFault when there is none */
  rollBack(name: string): Promise<number> {
    return this.#change(async (document) => {
      const secret = document.get(name);
      const [, previous] = secret?.versions ?? [];
      const value = previous === undefined ? null : unseal(name, previous, await this.#keys());
      if (secret === undefined || value === null)
        throw new SecretFault(`there is no earlier value of ${name}`);
      const next = withValue(name, value, secret, await this.#sealingKey(), this.#options.now());
      document.set(name, next);
      return next.versions[0]?.version ?? 0;
    });
  }

  /**
   * Seals everything with the first key; makes a new first key where all is sealed with it already. Old keys are taken out of
   * a file that we made ourselves once nothing needs them.
   * @throws SecretFault when a value cannot be opened; nothing has changed then
   */
  rotate(): Promise<{ readonly keyId: string; readonly madeKey: boolean }> {
    return this.#change(async (document) => {
      const { keyFile, makeKey } = this.#options;
      let keys = await this.#keys();
      const [first] = keys;
      if (first === undefined && !makeKey) throw noKey();
      const isCurrent = [...document.values()].every(({ versions }) =>
        versions.every(({ key }) => key === first?.id),
      );
      const madeKey = first === undefined || (isCurrent && makeKey);
      if (madeKey) {
        keys = [newKey(), ...keys];
        // Both, until all is sealed with the new one: a crash in between leaves nothing that cannot be opened.
        await writeKeys(keyFile, keys);
      }
      const key = keys[0] ?? newKey();
      for (const [name, secret] of document) document.set(name, resealed(name, secret, keys, key));
      await this.#save(document);
      if (makeKey) await writeKeys(keyFile, [key]);
      return { keyId: key.id, madeKey };
    });
  }

  async #change<T>(edit: (document: Map<string, SealedSecret>) => Promise<T>): Promise<T> {
    const { path } = this.#options;
    await makeStateFolder(dirname(path));
    const result = await withFileLock(`${path}.lock`, async () => {
      const document = new Map(fromJson(await this.#file.load()));
      const outcome = await edit(document);
      await this.#save(document);
      return outcome;
    });
    await this.#load();
    for (const listener of this.#listeners) listener();
    return result;
  }

  #save(document: SecretDocument): Promise<void> {
    return this.#file.save(toJson(document));
  }

  async #load(): Promise<void> {
    const stamp = await this.#stampNow();
    const sealed = fromJson(await this.#file.load());
    const keys = sealed.size === 0 ? [] : await this.#keys();
    const open = [...sealed].flatMap(
      ([
        name,
        {
          versions: [newest],
        },
      ]) => {
        const value = newest === undefined ? null : unseal(name, newest, keys);
        return value === null ? [] : [[name, { value, stamp: newest?.nonce ?? '' }] as const];
      },
    );
    this.#sealed = sealed;
    this.#open = new Map(open);
    this.#stamp = stamp;
  }

  async #keys(): Promise<readonly SecretKey[]> {
    return (await readKeys(this.#options.keyFile)) ?? [];
  }

  async #sealingKey(): Promise<SecretKey> {
    const { keyFile, makeKey } = this.#options;
    const [first] = await this.#keys();
    if (first !== undefined) return first;
    if (!makeKey) throw noKey();
    const key = newKey();
    await writeKeys(keyFile, [key]);
    return key;
  }

  /** Of secrets and keys: a new inode at least, as both are replaced whole. */
  async #stampNow(): Promise<string> {
    const { path, keyFile } = this.#options;
    const stamps = [path, keyFile].map((file) =>
      stat(file).then(
        ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
        () => '-',
      ),
    );
    return (await Promise.all(stamps)).join('\n');
  }
}

function noKey(): SecretFault {
  return new SecretFault('there is no key: FN_SECRETS_KEY_FILE names no file');
}

function withValue(
  name: string,
  value: string,
  before: SealedSecret | undefined,
  key: SecretKey,
  now: number,
): SealedSecret {
  const version = (before?.versions[0]?.version ?? 0) + 1;
  const newest = seal(name, value, { version, created: now }, key);
  const versions = [newest, ...(before?.versions ?? [])].slice(0, keptVersions);
  return { created: before?.created ?? now, versions };
}

function resealed(
  name: string,
  secret: SealedSecret,
  keys: readonly SecretKey[],
  key: SecretKey,
): SealedSecret {
  const versions = secret.versions.map((sealed) => {
    const value = unseal(name, sealed, keys);
    if (value === null) throw new SecretFault(`no key opens ${name}: put its key into the file again`);
    return seal(name, value, sealed, key);
  });
  return { ...secret, versions };
}
