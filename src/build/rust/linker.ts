// Build scripts are programs that Cargo links and then runs. In a build's jail a file is executable from the moment it is
// made or never: LLD makes it so, GNU ld by a chmod, which is without effect there. For hosts that link with GNU ld, a script
// around the C compiler moves what came out into a file that was made executable.

import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildStep } from '../build-plan.ts';
import type { RustToolchain } from './toolchain.ts';

/** The compiler links with its own LLD from this version on, on x86-64 Linux alone. */
const firstWithLld = 90;

export function linksWithLld({ version, target, sysroot }: RustToolchain): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const bundled = join(sysroot, 'lib/rustlib', target, 'bin/gcc-ld/ld.lld');
  const isDefault = target === 'x86_64-unknown-linux-gnu' && (major > 1 || minor >= firstWithLld);
  return isDefault && existsSync(bundled);
}

/** Named in Cargo's environment; its path is part of what Cargo compares, so it must stay the same with a target folder. */
export function linkerVariable(target: string): string {
  return `CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_LINKER`;
}

const script = `#!/bin/sh
cc "$@" || exit
while [ $# -gt 1 ] && [ "$1" != -o ]; do shift; done
[ "$1" = -o ] || exit 0
cp -- "$0" "$2.made" && cat -- "$2" > "$2.made" && mv -f -- "$2.made" "$2"
`;

/** A copy of a program is executable from the start; its text then gives way to the script's. */
const install = 'mkdir -p "$1" && cp "$0" "$2.new" && printf %s "$3" > "$2.new" && mv -f "$2.new" "$2"';

/** Puts the script into its place. @param file may hold the place of the workspace */
export function linkerStep(file: string, base: Pick<BuildStep, 'caches' | 'timeoutMs'>): BuildStep {
  const shell = realpathSync('/bin/sh');
  return {
    tool: 'linker',
    command: { file: shell, args: ['-c', install, shell, dirname(file), file, script] },
    env: {},
    network: 'none',
    toolchain: [],
    ...base,
  };
}
