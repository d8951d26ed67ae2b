// Landlock's rights by name and number (<linux/landlock.h>, landlock(7)), and which of them each ABI knows.

export const fsAccess = {
  execute: 1 << 0,
  writeFile: 1 << 1,
  readFile: 1 << 2,
  readDir: 1 << 3,
  removeDir: 1 << 4,
  removeFile: 1 << 5,
  makeChar: 1 << 6,
  makeDir: 1 << 7,
  makeReg: 1 << 8,
  makeSock: 1 << 9,
  makeFifo: 1 << 10,
  makeBlock: 1 << 11,
  makeSym: 1 << 12,
  refer: 1 << 13,
  truncate: 1 << 14,
  ioctlDev: 1 << 15,
} as const;

export const netAccess = { bindTcp: 1 << 0, connectTcp: 1 << 1 } as const;

export const scope = { abstractUnixSocket: 1 << 0, signal: 1 << 1 } as const;

/** First ABI that knows a feature beyond the first thirteen file rights. */
export const landlockSince = { refer: 2, truncate: 3, tcp: 4, ioctlDev: 5, scope: 6 } as const;

/** The rights that may be given for a file that is no folder. */
export const fileOnlyAccess =
  fsAccess.execute | fsAccess.writeFile | fsAccess.readFile | fsAccess.truncate | fsAccess.ioctlDev;

/** Every file right that `abi` can refuse; 0 for ABI 0 (no Landlock). */
export function knownFsAccess(abi: number): number {
  if (abi < 1) return 0;
  let known = fsAccess.refer - 1;
  if (abi >= landlockSince.refer) known |= fsAccess.refer;
  if (abi >= landlockSince.truncate) known |= fsAccess.truncate;
  if (abi >= landlockSince.ioctlDev) known |= fsAccess.ioctlDev;
  return known;
}

export const readAccess = fsAccess.readFile | fsAccess.readDir;
export const listAccess = fsAccess.readDir;
export const executeAccess = fsAccess.execute | fsAccess.readFile;
/** Not execute, and no devices, sockets or pipes by name: nothing in a writable folder may lead out of it. */
export const writeAccess =
  readAccess |
  fsAccess.writeFile |
  fsAccess.truncate |
  fsAccess.removeDir |
  fsAccess.removeFile |
  fsAccess.makeDir |
  fsAccess.makeReg |
  fsAccess.makeSym |
  fsAccess.refer;
export const deviceAccess = fsAccess.readFile | fsAccess.writeFile;
