// Headers that tell browsers to be careful, as a function's config or the operator asks for them. None is sent unless asked
// for, and what a function says itself always wins.

export interface SecurityHeaders {
  /** Value of Strict-Transport-Security, sent over https only (RFC 6797 7.2); null = none. */
  readonly hsts: string | null;
  /** Lower-case name and value of the others. */
  readonly headers: Readonly<Record<string, string>>;
}

export const noSecurityHeaders: SecurityHeaders = Object.freeze({ hsts: null, headers: Object.freeze({}) });

export const referrerPolicies = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const;

/** Two years: what the preload list of browsers asks for. */
export const maxHstsSeconds = 63_072_000;

/** @param options of RFC 6797 6.1 */
export function hstsValue(options: {
  readonly maxAgeSeconds: number;
  readonly includeSubdomains: boolean;
  readonly preload: boolean;
}): string {
  const parts = [`max-age=${options.maxAgeSeconds}`];
  if (options.includeSubdomains) parts.push('includeSubDomains');
  if (options.preload) parts.push('preload');
  return parts.join('; ');
}
