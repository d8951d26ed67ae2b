// Who may log in to the console, with what password, and what each may do there.

import { createHash } from 'node:crypto';
import { parsePasswordHash, plainPassword, type Verifier } from './password-hash.ts';

/** `read` looks, `invoke` also calls functions and reloads, `write` also changes things. */
export type Role = 'read' | 'invoke' | 'write';

export interface ConfiguredUser {
  readonly username: string;
  readonly passwordHash: string;
  readonly role: Role;
}

/** Same fields as the configuration's `control.login`. */
export interface LoginCredentials {
  /** May do everything that a login allows. */
  readonly username: string | null;
  /** Beats `password`; text that is no good hash lets nobody in. */
  readonly passwordHash: string | null;
  readonly password: string | null;
  /** Further users, each with a role. */
  readonly users: readonly ConfiguredUser[];
}

interface ConsoleUser {
  readonly name: string;
  readonly role: Role;
  /** Changes with name and credential. */
  readonly fingerprint: string;
  readonly verifier: Verifier;
}

export class ConsoleUsers {
  readonly #users = new Map<string, ConsoleUser>();

  constructor(credentials: LoginCredentials) {
    const first = firstUser(credentials);
    const further = credentials.users.map(({ username, passwordHash, role }) =>
      makeUser(username, role, passwordHash, parsePasswordHash(passwordHash)),
    );
    for (const user of [...further, first]) if (user !== null) this.#users.set(user.name, user);
  }

  /** False: nobody can log in, whatever they send. */
  get isUsable(): boolean {
    return this.#users.size > 0;
  }

  find(name: string): Pick<ConsoleUser, 'role' | 'fingerprint'> | null {
    return this.#users.get(name) ?? null;
  }

  /** An unknown name costs as much as a known one: the time does not tell which names there are. */
  async accepts(name: string, password: string): Promise<boolean> {
    const user = this.#users.get(name);
    const [anybody] = this.#users.values();
    const matches = (await (user ?? anybody)?.verifier.matches(password)) ?? false;
    return matches && user !== undefined;
  }
}

function firstUser({ username, passwordHash, password }: LoginCredentials): ConsoleUser | null {
  if (username === null) return null;
  // A hash that is none must not fall back to the password beside it.
  const plain = password === null ? null : plainPassword(password);
  const verifier = passwordHash === null ? plain : parsePasswordHash(passwordHash);
  return makeUser(username, 'write', passwordHash ?? password ?? '', verifier);
}

/** null: nobody can log in by this name. */
function makeUser(name: string, role: Role, stored: string, verifier: Verifier | null): ConsoleUser | null {
  if (verifier === null) return null;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([name, stored, role]))
    .digest('base64url');
  return { name, role, fingerprint, verifier };
}
