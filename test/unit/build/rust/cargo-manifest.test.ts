import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cargoManifest, hasOwnDependencies } from '../../../../src/build/rust/cargo-manifest.ts';
import { tomlSections } from '../../../../src/build/rust/toml-sections.ts';

const merged = (own: string, knowsAutolib = true) =>
  cargoManifest({ entry: 'handler.rs', own, knowsAutolib });

describe('tables of a TOML document', () => {
  const names = (text: string) => tomlSections(text).map(({ name }) => name);

  test('tables and lists of tables, with spaces and comments', () => {
    assert.deepEqual(names('a = 1\n[package]\nb = 2\n [ dependencies . x ] # why\n[[bin]]\nname = "x"\n'), [
      '',
      'package',
      'dependencies.x',
      'bin',
    ]);
    assert.deepEqual(names("[target.'cfg(unix)'.dependencies]"), ['', "target.'cfg(unix)'.dependencies"]);
  });

  test('what looks like a table inside a value is none', () => {
    const text = [
      '[features]',
      'a = [',
      '[package]',
      ']',
      'b = """',
      '[package]',
      '"""',
      "c = '''",
      '[package]',
      "'''",
      'd = "[" # [',
      'e = "a\\"[" ',
      '[last]',
    ];
    assert.deepEqual(names(text.join('\n')), ['', 'features', 'last']);
  });
});

describe('Cargo.toml of the workspace', () => {
  test('an empty one gets JSON, the worker and one program', () => {
    const text = merged('');
    assert.match(text, /^\[package\]\nname = "fn_handler"\nversion = "0\.0\.0"\nedition = "2021"\n/);
    assert.match(
      text,
      /\[dependencies\.serde_json\]\nversion = "1"\n\[dependencies\.fastfn\]\npath = "_fastfn"/,
    );
    assert.match(text, /\[\[bin\]\]\nname = "fn_handler"\npath = "handler\.rs"/);
    assert.match(text, /panic = "unwind"/);
    assert.match(text, /autolib = false/);
    assert.doesNotMatch(merged('', false), /autolib/);
  });

  test('dependencies, features, edition and build script are carried over, other programs and profiles are not', () => {
    const text = merged(`[package]
name = "mine"
edition = "2024"
build = "make.rs"

[lib]
path = "src/lib.rs"

[[bin]]
name = "other"
path = "other.rs"

[dependencies]
rand = "0.8"
serde_json = { version = "1", features = ["preserve_order"] }

[dependencies.serde]
version = "1"

[target.'cfg(unix)'.dependencies]
libc = "0.2"

[dev-dependencies]
tempfile = "3"

[features]
default = []

[profile.release]
panic = "abort"

[workspace]
members = ["x"]
`);
    assert.match(text, /edition = "2024"\nbuild = "make\.rs"/);
    for (const kept of [
      'rand = "0.8"',
      'preserve_order',
      '[dependencies.serde]',
      'libc = "0.2"',
      '[features]',
    ])
      assert.ok(text.includes(kept), kept);
    for (const dropped of ['mine', 'other', 'abort', 'tempfile', 'members', 'src/lib.rs'])
      assert.ok(!text.includes(dropped), dropped);
    assert.equal(text.match(/serde_json/g)?.length, 1);
    assert.equal(text.match(/^\[workspace\]$/gm)?.length, 1);
  });

  test('keys before any table stay before all of them', () => {
    const text = merged('dependencies.rand = "0.8"\npackage.edition = "2018"\n');
    assert.match(text, /^dependencies\.rand = "0\.8"\n\[package\]/);
  });

  test('packages of its own are those beside what every function has', () => {
    assert.ok(!hasOwnDependencies('[package]\nname = "x"\n\n[dependencies]\n# none\nserde_json = "1"\n'));
    assert.ok(hasOwnDependencies('[dependencies]\nserde_json = "1"\nrand = "0.8"\n'));
    assert.ok(hasOwnDependencies('[dependencies.rand]\nversion = "0.8"\n'));
    assert.ok(hasOwnDependencies('[build-dependencies]\ncc = "1"\n'));
  });
});
