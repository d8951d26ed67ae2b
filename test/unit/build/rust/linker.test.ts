import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linkerStep, linkerVariable, linksWithLld } from '../../../../src/build/rust/linker.ts';
import { makeTree, removeTree } from '../../../integration/support/tree.ts';

test('linker: only the x86-64 toolchain with its own LLD, from 1.90 on, needs no script', (context) => {
  const lld = 'lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld';
  const sysroot = makeTree({ [lld]: 'x' });
  context.after(() => removeTree(sysroot));
  const toolchain = { cargo: '', rustc: '', sysroot, version: '1.95.0', target: 'x86_64-unknown-linux-gnu' };
  assert.ok(linksWithLld(toolchain));
  assert.ok(!linksWithLld({ ...toolchain, version: '1.89.0' }));
  assert.ok(!linksWithLld({ ...toolchain, target: 'aarch64-unknown-linux-gnu' }));
  assert.ok(!linksWithLld({ ...toolchain, sysroot: join(sysroot, 'lib') }), 'a distribution leaves LLD out');
  assert.equal(linkerVariable('aarch64-unknown-linux-gnu'), 'CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER');
});

test('linker: what the compiler made not executable is executable behind the script, and keeps its bytes', (context) => {
  const folder = makeTree({
    'bin/cc': '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho "#!/bin/sh\necho linked" > "$2"\n',
  });
  context.after(() => removeTree(folder));
  chmodSync(join(folder, 'bin/cc'), 0o755);
  const file = join(folder, 'new/linker');
  const { command } = linkerStep(file, { caches: [], timeoutMs: 1 });
  for (let time = 0; time < 2; time += 1) execFileSync(command.file, command.args);
  const out = join(folder, 'out put');
  execFileSync(file, ['-m64', 'x.o', '-o', out, '-Wl,-z'], { env: { PATH: `${folder}/bin:/usr/bin:/bin` } });
  assert.equal(statSync(out).mode & 0o111, 0o111);
  assert.equal(execFileSync(out, { encoding: 'utf8' }), 'linked\n');
  assert.match(readFileSync(file, 'utf8'), /^#!\/bin\/sh\ncc "\$@"/);
});
