// By which rules JSON-like values of JavaScript and Lua tables become each other, and what stands for that which a table
// cannot hold.

/** Addresses of the light userdata that stand for what a table cannot hold: `cjson.null` and `cjson.empty_array`. */
export const nullAddress = 0;
export const emptyArrayAddress = 4;

const defaultDepth = 1_000;

export interface ValueRules {
  /** How strings are read and written: as text, or byte by byte, each one character. */
  readonly strings: 'utf8' | 'latin1';
  /** Whether null is nil, which a table does not hold, or `cjson.null`. */
  readonly nulls: 'nil' | 'sentinel';
  /** What a table without anything in it is. */
  emptyTable: 'object' | 'array';
  maxDepth: number;
}

/** Of events and results. */
export const textRules: ValueRules = {
  strings: 'utf8',
  nulls: 'nil',
  emptyTable: 'object',
  maxDepth: defaultDepth,
};

/** Of `cjson`: whatever bytes are in a string, they are there again afterwards. */
export function jsonRules(): ValueRules {
  return { strings: 'latin1', nulls: 'sentinel', emptyTable: 'object', maxDepth: defaultDepth };
}

/** Slots of Lua's stack that one level of a table takes at most. */
export const slotsPerLevel = 6;
/** Levels for which there is room without asking (LUA_MINSTACK, lua.h). */
export const freeLevels = 2;
