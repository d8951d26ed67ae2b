// The edge with its own certificate: HTTP/1.1 and HTTP/2 clients get the same answers, and neither can make it hold more than
// it should.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CertificateWatch } from '../../../src/edge/tls/certificate-watch.ts';
import { silentLog } from '../../../src/log.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { startEdge, type TestEdge, until } from './support.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const files = { certFile: fixture('first-cert.pem'), keyFile: fixture('first-key.pem') };
/** Nobody signed the test certificate; what is checked here is what the server does. */
const client = { rejectUnauthorized: false };

interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function collect(stream: ClientHttp2Stream): Promise<Seen> {
  return new Promise((resolve, reject) => {
    let body = '';
    let headers: IncomingHttpHeaders = {};
    stream.on('response', (got) => {
      headers = got;
    });
    stream.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    stream.on('end', () => resolve({ status: Number(headers[':status']), headers, body }));
    stream.on('error', reject);
  });
}

describe('tls: HTTP/2', () => {
  let edge: TestEdge;
  let session: ClientHttp2Session;
  const ask = (headers: OutgoingHttpHeaders, body?: string): Promise<Seen> => {
    if (session.closed || session.destroyed) session = open();
    const stream = session.request(headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    return collect(stream);
  };

  const open = () => connect(edge.url.replace('http:', 'https:'), client).on('error', () => {});

  before(async () => {
    edge = await startEdge({
      tls: { ...files, http2: true },
      limits: { maxRequestsPerConnection: 40, requestTimeoutMs: 300, headersTimeoutMs: 300 },
    });
    edge.pool.answer = (call) =>
      call.answer({ headers: { 'set-cookie': ['a=1', 'b=2'] }, body: call.request.event });
    session = open();
  });
  after(async () => {
    session.destroy();
    await edge.close();
  });

  test('a request reaches its function as one of HTTP/1.1 does', async () => {
    const { status, headers, body } = await ask({
      ':path': '/hello?q=1',
      cookie: ['x=1', 'y=2'],
      'x-many': ['1', '2'],
    });
    assert.equal(status, 200);
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
    assert.match(String(headers['x-request-id']), /./);
    const event = JSON.parse(body);
    assert.deepEqual(event.query, { q: '1' });
    assert.equal(event.headers.cookie, 'x=1; y=2');
    assert.deepEqual(event.headers['x-many'], ['1', '2']);
    assert.match(event.headers.host, /^127\.0\.0\.1:\d+$/);
    assert.deepEqual(
      Object.keys(event.headers).filter((name) => name.startsWith(':') || name === 'transfer-encoding'),
      [],
    );
  });

  test('a body without a length arrives whole, one over the limit is 413', async () => {
    await ask({ ':path': '/hello', ':method': 'POST' }, 'hällo');
    assert.equal(edge.pool.call().request.body?.toString(), 'hällo');
    const { status, body } = await ask({ ':path': '/hello', ':method': 'POST' }, 'x'.repeat(20_000));
    assert.deepEqual([status, JSON.parse(body).code], [413, 'payload_too_large']);
  });

  test('refusals are the same: unknown paths, methods, reserved ones, two names of one host, CONNECT', async () => {
    const codes = async (headers: OutgoingHttpHeaders) => {
      const { status, body } = await ask(headers);
      return [status, JSON.parse(body).code];
    };
    assert.deepEqual(await codes({ ':path': '/nope' }), [404, 'not_found']);
    assert.deepEqual(await codes({ ':path': '/%5ffn/health' }), [404, 'not_found']);
    assert.deepEqual(await codes({ ':path': '/hello', ':authority': 'a.example', host: 'b.example' }), [
      400,
      'bad_request',
    ]);
    assert.deepEqual(await codes({ ':method': 'CONNECT', ':authority': 'a:1' }), [405, 'method_not_allowed']);
  });

  test('a body that does not come in time ends its stream, and no other', async () => {
    const slow = session.request({ ':path': '/hello', ':method': 'POST' });
    slow.write('x');
    const ended = await new Promise((resolve) => slow.once('error', () => resolve(slow.rstCode)));
    assert.equal(ended, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    assert.equal((await ask({ ':path': '/hello' })).status, 200);
  });

  test('an answer that breaks off is reset, not ended', async () => {
    const usual = edge.pool.answer;
    edge.pool.answer = (call) => {
      call.answer({ body: { kind: 'stream', bytes: null } });
      call.handlers.chunk(Buffer.from('begun'));
      setImmediate(() => call.fail('broke'));
    };
    const stream = session.request({ ':path': '/hello' });
    stream.resume();
    const code = await new Promise((resolve) => stream.once('error', () => resolve(stream.rstCode)));
    assert.equal(code, constants.NGHTTP2_INTERNAL_ERROR);
    edge.pool.answer = usual;
  });

  test('a client that leaves its stream cancels the call', async () => {
    const usual = edge.pool.answer;
    edge.pool.answer = null;
    const calls = edge.pool.calls.length;
    const stream = session.request({ ':path': '/hello' });
    await until(() => edge.pool.calls.length > calls);
    stream.on('error', () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    await until(() => edge.pool.call().cancelled === 'client_closed');
    edge.pool.call().end();
    edge.pool.answer = usual;
  });

  test('a connection that has carried enough is told to go, and what runs on it ends well', async () => {
    const worn = open();
    let told = false;
    worn.on('goaway', () => {
      told = true;
    });
    let served = 0;
    while (!told && served < 60) {
      assert.equal((await collect(worn.request({ ':path': '/hello' }))).status, 200);
      served += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(told && served >= 40 && served < 60, `told: ${told} after ${served}`);
    worn.destroy();
  });

  test('streams that are opened and reset in a flood cost the connection', async () => {
    const flood = open();
    const ended = new Promise<void>((resolve) => flood.once('close', () => resolve()));
    for (let n = 0; n < 2_000 && !flood.destroyed; n += 1) {
      const stream = flood.request({ ':path': '/hello' });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (n % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await ended;
    assert.equal((await ask({ ':path': '/hello' })).status, 200);
  });

  test('headers over the limit are 431, and the server goes on', async () => {
    const big = open();
    const { status: outcome } = await collect(
      big.request({ ':path': '/hello', 'x-big': 'x'.repeat(30_000) }),
    );
    assert.equal(outcome, 431);
    big.destroy();
    assert.equal((await ask({ ':path': '/hello' })).status, 200);
  });

  test('HTTP/1.1 is spoken beside it', async () => {
    const seen = await new Promise<unknown[]>((resolve, reject) => {
      const sent = request(
        `${edge.url.replace('http:', 'https:')}/hello`,
        { ...client, agent: false },
        (answer) => {
          answer.resume();

          answer.on('end', () => resolve([answer.statusCode, answer.httpVersion]));
        },
      );
      sent.on('error', reject).end();
    });
    assert.deepEqual(seen, [200, '1.1']);
  });
});

test('tls: without HTTP/2 clients of HTTP/1.1 are served', async () => {
  const edge = await startEdge({ tls: { ...files, http2: false } });
  try {
    edge.pool.answer = (call) => call.answer({ body: 'ok' });
    const status = await new Promise((resolve, reject) => {
      request(`${edge.url.replace('http:', 'https:')}/hello`, { ...client, agent: false }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      })
        .on('error', reject)
        .end();
    });
    assert.equal(status, 200);
  } finally {
    await edge.close();
  }
});

describe('tls: certificates', () => {
  test('a renewed pair is installed; half of one is not, and is looked at again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fastfn-tls-'));
    const own = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    copyFileSync(files.certFile, own.certFile);
    copyFileSync(files.keyFile, own.keyFile);
    const clock = new FakeClock(0);
    const installed: string[] = [];
    const watch = new CertificateWatch({
      files: own,
      clock,
      log: silentLog,
      install: ({ cert }) => installed.push(cert.toString()),
    });
    try {
      clock.advance(20_000);
      assert.equal(installed.length, 0, 'nothing has changed');
      copyFileSync(fixture('second-cert.pem'), own.certFile);
      clock.advance(20_000);
      assert.equal(installed.length, 0, 'the key is not there yet');
      copyFileSync(fixture('second-key.pem'), own.keyFile);
      clock.advance(10_000);
      assert.equal(installed.length, 1);
      clock.advance(60_000);
      assert.equal(installed.length, 1);
    } finally {
      watch.close();
      rmSync(folder, { recursive: true });
    }
  });
});
