// Sessions of people who logged in. The cookie is signed and names a session that the gateway knows: logging out, a changed
// password, a removed user and the end of its time each end it. Only hashes of session ids are kept on disk.

import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { isObject } from '../discovery/checked-document.ts';
import type { Role } from './console-users.ts';

export interface Session {
  readonly user: string;
  readonly role: Role;
  /** Epoch s. */
  readonly expiresAt: number;
}

export interface SessionOptions {
  /** Signs the cookies; null: nobody can log in. */
  readonly secret: string | null;
  readonly ttlSeconds: number;
  /** Of the user as configured now; null when there is none of that name. */
  readonly userNow: (name: string) => { readonly role: Role; readonly fingerprint: string } | null;
  /** Epoch ms. */
  readonly now: () => number;
  /** Keeps what outlives a restart. */
  readonly save: (sessions: readonly StoredSession[]) => void;
}

export interface StoredSession {
  /** SHA-256 of the session's id. */
  readonly id_hash: string;
  readonly user: string;
  /** Epoch s. */
  readonly expires_at: number;
}

/** As @fastify/cookie parses them. */
export type Cookies = Readonly<Record<string, string | undefined>>;

const plainName = 'fastfn_session';
/** Browsers take it only from this very host, over https (RFC 6265bis 4.1.3.2). */
const hostName = '__Host-fastfn_session';
/** The oldest is ended beyond this. */
const maxSessions = 1_000;
const maxCookieLength = 2_048;

interface Payload {
  readonly sid: string;
  readonly user: string;
  readonly exp: number;
  readonly cred: string;
}

export class Sessions {
  readonly #options: SessionOptions;
  readonly #key: Buffer | null;
  readonly #keyId: string;
  readonly #live = new Map<string, StoredSession>();

  constructor(options: SessionOptions, stored: readonly StoredSession[] = []) {
    this.#options = options;
    const { secret } = options;
    this.#key =
      secret === null ? null : Buffer.from(hkdfSync('sha256', secret, '', 'fastfn console session 1', 32));
    this.#keyId = this.#key === null ? '' : digest(this.#key).slice(0, 8);
    for (const session of stored.slice(-maxSessions)) this.#live.set(session.id_hash, session);
  }

  get canStart(): boolean {
    return this.#key !== null;
  }

  /** @returns value of the cookie */
  start(user: string): string {
    const known = this.#options.userNow(user);
    if (this.#key === null || known === null)
      throw new Error('cannot start a session: no key or no such user');
    const { ttlSeconds } = this.#options;
    const sid = randomBytes(24).toString('base64url');
    const exp = this.#nowSeconds() + ttlSeconds;
    this.#forgetExpired();
    this.#live.set(digest(sid), { id_hash: digest(sid), user, expires_at: exp });
    const [oldest] = this.#live.keys();
    if (this.#live.size > maxSessions && oldest !== undefined) this.#live.delete(oldest);
    this.#save();
    const payload: Payload = { sid, user, exp, cred: credentialMark(this.#key, known.fingerprint) };
    return this.#sign(payload, this.#key);
  }

  /** null unless the cookie is ours, whole, in time, of a user who is still the same, and not logged out. */
  find(cookies: Cookies): Session | null {
    const payload = this.#read(cookies);
    if (payload === null || payload.exp <= this.#nowSeconds()) return null;
    const known = this.#options.userNow(payload.user);
    if (this.#key === null || known === null) return null;
    if (credentialMark(this.#key, known.fingerprint) !== payload.cred) return null;
    if (this.#live.get(digest(payload.sid))?.user !== payload.user) return null;
    return { user: payload.user, role: known.role, expiresAt: payload.exp };
  }

  /** Ends the session that a cookie names, if any. */
  end(cookies: Cookies): void {
    const payload = this.#read(cookies);
    if (payload !== null && this.#live.delete(digest(payload.sid))) this.#save();
  }

  #read(cookies: Cookies): Payload | null {
    const value = cookies[hostName] ?? cookies[plainName];
    if (this.#key === null || value === undefined) return null;
    const [text = '', keyId = '', signature = '', ...rest] = value.split('.');
    if (value.length > maxCookieLength || rest.length > 0 || keyId !== this.#keyId) return null;
    const expected = digestOf(this.#key, text, keyId);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    return parsePayload(text);
  }

  #sign(payload: Payload, key: Buffer): string {
    const text = Buffer.from(JSON.stringify(payload)).toString('base64url');
    return `${text}.${this.#keyId}.${digestOf(key, text, this.#keyId).toString('base64url')}`;
  }

  #forgetExpired(): void {
    for (const [id, { expires_at: expiresAt }] of this.#live) {
      if (expiresAt <= this.#nowSeconds()) this.#live.delete(id);
    }
  }

  #save(): void {
    this.#options.save([...this.#live.values()]);
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.now() / 1000);
  }
}

/** @param secure whether the client speaks https */
export function sessionCookie(secure: boolean): {
  readonly name: string;
  readonly options: { path: string; httpOnly: boolean; sameSite: 'strict'; secure: boolean };
} {
  const options = { path: '/', httpOnly: true, sameSite: 'strict', secure } as const;
  return { name: secure ? hostName : plainName, options };
}

function digestOf(key: Buffer, text: string, keyId: string): Buffer {
  return createHmac('sha256', key).update(`${text}.${keyId}`).digest();
}

/** Keyed: a cookie that is seen must not let its reader try passwords. */
function credentialMark(key: Buffer, fingerprint: string): string {
  return createHmac('sha256', key).update(`credential ${fingerprint}`).digest('base64url');
}

function digest(value: string | Buffer): string {
  return createHash('sha256').update(value).digest('base64url');
}

function parsePayload(text: string): Payload | null {
  // Signed by us, so it is JSON; of another version of the product it may have another shape.
  const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  if (!isObject(value)) return null;
  const { sid, user, exp, cred } = value;
  const isWhole =
    typeof sid === 'string' &&
    typeof user === 'string' &&
    typeof exp === 'number' &&
    typeof cred === 'string';
  return isWhole ? { sid, user, exp, cred } : null;
}

/** What a state file holds, without what does not belong there. */
export function parseStoredSessions(value: unknown): StoredSession[] {
  const list: unknown = isObject(value) ? value['sessions'] : null;
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    if (!isObject(item)) return [];
    const { id_hash, user, expires_at } = item;
    const isWhole = typeof id_hash === 'string' && typeof user === 'string' && typeof expires_at === 'number';
    return isWhole ? [{ id_hash, user, expires_at }] : [];
  });
}
