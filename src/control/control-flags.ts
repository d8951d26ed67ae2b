// The switches of the control plane as they are now: what the operator configured, and what was changed over `/_fn/ui-state`
// since. Knows which changes let more callers in.

/** Names as in `/_fn/ui-state`. */
export interface FlagValues {
  readonly ui_enabled: boolean;
  readonly api_enabled: boolean;
  readonly admin_api_enabled: boolean;
  readonly write_enabled: boolean;
  readonly local_only: boolean;
  readonly login_enabled: boolean;
  readonly login_api_enabled: boolean;
  /** Reported, without effect anywhere (contract/control-plane.md 1). */
  readonly public_explore: boolean;
}

/**
 * What `/_fn/ui-state` may change. Not `api_enabled`, which would lock everybody out of the endpoint that could take it
 * back, nor `admin_api_enabled`.
 */
export const changeableFlags = [
  'ui_enabled',
  'write_enabled',
  'local_only',
  'login_enabled',
  'login_api_enabled',
  'public_explore',
] as const satisfies readonly (keyof FlagValues)[];

export type ChangeableFlag = (typeof changeableFlags)[number];
export type FlagOverrides = Readonly<Partial<Record<ChangeableFlag, boolean>>>;

/** The value at which each flag lets more callers in, or lets them do more; the others are no matter of access. */
const looseValues: Readonly<Partial<Record<ChangeableFlag, boolean>>> = {
  ui_enabled: true,
  write_enabled: true,
  local_only: false,
  login_enabled: false,
  login_api_enabled: false,
};

export class ControlFlags {
  readonly #configured: FlagValues;
  #overrides: FlagOverrides;

  constructor(configured: FlagValues, overrides: FlagOverrides = {}) {
    this.#configured = configured;
    this.#overrides = overrides;
  }

  get current(): FlagValues {
    return { ...this.#configured, ...this.#overrides };
  }

  get overrides(): FlagOverrides {
    return this.#overrides;
  }

  /** Flags that would be looser than now under these overrides. */
  loosened(overrides: FlagOverrides): ChangeableFlag[] {
    const now = this.current;
    const then = { ...this.#configured, ...overrides };
    return changeableFlags.filter((flag) => now[flag] !== then[flag] && then[flag] === looseValues[flag]);
  }

  replace(overrides: FlagOverrides): void {
    this.#overrides = overrides;
  }
}
