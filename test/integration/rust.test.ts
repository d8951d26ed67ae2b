// Rust functions behind a whole gateway: compiled in the jail by the host's Cargo, run in the jail, called over HTTP
// (contract/dependencies.md 5 and "Worth testing" 25-27, 29; contract/invocation.md 6; contract/sandbox.md E19).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initTemplates } from '../../src/control/function-templates.ts';
import { behaviours, reasonToSkip } from '../conformance/compiled-worker.ts';
import { CompiledGateway, forgetPrograms, testEveryCompiled } from './support/compiled-gateway.ts';

const skip = await reasonToSkip('rust');

const behaviour = (name: string) => readFileSync(join(behaviours, name), 'utf8');

/** What a build can see, by a script of the function's own and by macros of the compiler. */
const lookingAround = `use std::fmt::Write;

fn main() {
    let mut seen = String::new();
    for (name, value) in std::env::vars() {
        if value.contains("surely-secret") {
            let _ = write!(seen, "env {name} ");
        }
    }
    for path in ["/etc/passwd", "/root", concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../secrets")] {
        if std::fs::read(path).is_ok() || std::fs::read_dir(path).is_ok() {
            let _ = write!(seen, "path {path} ");
        }
    }
    let refused = std::net::TcpStream::connect("127.0.0.1:1").map_err(|error| error.kind()).err();
    if refused != Some(std::io::ErrorKind::PermissionDenied) {
        let _ = write!(seen, "network ");
    }
    let out = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("seen.txt");
    std::fs::write(out, seen).unwrap();
}
`;

const typed = `use std::collections::HashMap;

use fastfn::Json;
use serde::{Deserialize, Serialize};

mod shapes;

#[derive(Deserialize)]
pub struct Event {
    query: HashMap<String, String>,
}

#[derive(Serialize)]
pub struct Answer {
    area: f64,
    seen: &'static str,
    token: Option<&'static str>,
}

pub fn handler(event: Event) -> Result<Json<Answer>, std::num::ParseFloatError> {
    let side = event.query.get("side").map_or("1", String::as_str).parse()?;
    let seen = include_str!(concat!(env!("OUT_DIR"), "/seen.txt"));
    Ok(Json(Answer { area: shapes::square(side), seen, token: option_env!("FN_ADMIN_TOKEN") }))
}
`;

const tree = {
  'made/handler.rs': initTemplates.rust.files('made')['handler.rs'] ?? '',
  'made/fn.config.json': initTemplates.rust.files('made')['fn.config.json'] ?? '',
  'all/handler.rs': behaviour('handler.rs'),
  'all/_golden.rs': behaviour('_golden.rs'),
  'all/_reach.rs': behaviour('_reach.rs'),
  'all/fn.config.json': JSON.stringify({ invoke: { methods: ['GET', 'POST'] }, include_debug_headers: true }),
  'all/fn.env.json': '{"AT_START": "set"}',
  'typed/src/lib.rs': typed,
  'typed/src/shapes.rs': 'pub fn square(side: f64) -> f64 {\n    side * side\n}\n',
  'typed/build.rs': lookingAround,
  'typed/Cargo.toml':
    '[package]\nname = "typed"\nedition = "2024"\n\n[dependencies]\nserde = { version = "1", features = ["derive"] }\n\n[profile.release]\npanic = "abort"\n',
  'typed/fn.config.json': JSON.stringify({ runtime: 'rust', entrypoint: 'src/lib.rs' }),
  'strange/handler.rs': 'pub async fn handler() -> String {\n    String::new()\n}\n',
  'broken/handler.rs': 'pub fn handler(event: serde_json::Value) -> serde_json::Value {\n    nope\n}\n',
};

describe('rust behind the gateway', { skip }, () => {
  const subject = new CompiledGateway();

  before(() => {
    forgetPrograms('rust');
    return subject.start(tree, { FN_ADMIN_TOKEN: 'surely-secret-0123456789abcdef' });
  });
  after(subject.close);

  test('the template of fastfn init', async () => {
    assert.deepEqual(await subject.json('/made?name=new'), { message: 'Hello, new!' });
  });

  test('bytes reach the handler, the environment too, panics are 500 and the worker lives', async () => {
    const post = { method: 'POST', body: Buffer.from([0xff, 0x00, 0x80]) };
    const seen = (await subject.json('/all', post)) as { env: string; event: Record<string, unknown> };
    assert.equal(seen.event['body_base64'], '/wCA');
    assert.equal((seen.event['context'] as { runtime: string }).runtime, 'rust');
    assert.equal(seen.env, 'set');
    const pids = () => subject.gateway.workers().map(({ pid }) => pid);
    const before = pids();
    const failed = await subject.answer('/all?case=panic');
    assert.deepEqual([failed.status, failed.json().error], [500, 'rust handler panicked: on purpose']);
    assert.equal((await subject.answer('/all?case=count')).text, '1');
    assert.deepEqual(pids(), before);
  });

  testEveryCompiled(subject);

  test('packages, types, modules and a build script of its own; a build sees no secret, no host, no network', async () => {
    assert.deepEqual(await subject.json('/typed?side=3'), { area: 9, seen: '', token: null });
    const wrong = await subject.answer('/typed?side=x');
    assert.deepEqual([wrong.status, wrong.json().error], [500, 'invalid float literal']);
  });

  test('what cannot be built says why; mended, it is served; so is a helper that changes', async () => {
    const strange = (await subject.answer('/strange')).json().error;
    assert.match(strange, /^rust build failed: error\[E0277\]: the handler cannot be called/);
    assert.match(strange, /accepted: pub fn handler\(event: serde_json::Value\)/);
    const broken = await subject.answer('/broken');
    assert.equal(broken.json().code, 'not_built');
    assert.match(broken.json().error, /^rust build failed: error\[E0425\][\s\S]*handler\.rs:2:5/);
    const uses =
      '#[path = "_shared.rs"]\nmod _shared;\n\npub fn handler() -> &\'static str {\n    _shared::NAME\n}\n';
    await subject.change({
      'broken/handler.rs': uses,
      'broken/_shared.rs': 'pub const NAME: &str = "mended";\n',
    });
    assert.equal((await subject.answer('/broken')).text, 'mended');
    await subject.change({ 'broken/_shared.rs': 'pub const NAME: &str = "changed";\n' });
    await subject.eventually('/broken', 'changed');
  });

  test('another gateway finds what was made, and compiles nothing', async (context) => {
    const second = new CompiledGateway();
    context.after(second.close);
    const same = ['made/handler.rs', 'made/fn.config.json'] as const;
    await second.start(Object.fromEntries(same.map((path) => [path, tree[path]])));
    assert.deepEqual(await second.json('/made?name=again'), { message: 'Hello, again!' });
    assert.equal(second.builds(), 0);
  });

  test('a build that takes too long is ended and says so', async (context) => {
    const hurried = new CompiledGateway();
    context.after(hurried.close);
    // Nothing is compiled yet where it looks.
    const variables = { FN_STATE_DIR: '.fastfn', FN_RUST_BUILD_TIMEOUT_S: '1' };
    await hurried.start({ 'slow/handler.rs': 'pub fn handler() {}\n' }, variables);
    assert.match((await hurried.answer('/slow')).json().error, /^rust build timeout after 1\.0s/);
  });

  test('without Cargo the function is listed and answers 503 with what to install', async (context) => {
    const without = new CompiledGateway();
    context.after(without.close);
    await without.start({ 'made/handler.rs': tree['made/handler.rs'] }, { PATH: '/nowhere' });
    const refused = await without.answer('/made');
    assert.equal(refused.status, 503);
    assert.equal(refused.json().code, 'runtime_down');
  });
});
