// HTTP itself: malformed, oversized, slow and odd requests, on bare sockets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { parseAnswer, type RawAnswer, receiveAnswer, startEdge, type TestEdge, until } from './support.ts';

function assertError(answer: RawAnswer, status: number, error: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.header('content-type'), 'application/json');
  assert.equal(answer.json().error, error);
  assert.equal(answer.json().request_id, answer.header('x-request-id'));
  assert.match(String(answer.header('x-request-id')), /^req-/);
  assert.equal(answer.header('server'), undefined);
}

describe('server: malformed HTTP', () => {
  let edge: TestEdge;
  before(async () => {
    edge = await startEdge();
    edge.pool.answer = (call) => call.answer({ body: 'ok' });
  });
  after(() => edge.close());

  for (const [what, request] of [
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['an unknown method', 'FOO /hello HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a header without a colon', 'GET /hello HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n'],
    ['a space in the target', 'GET /he llo HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a zero byte in a header', 'GET /hello HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n'],
    [
      'Content-Length beside Transfer-Encoding',
      'POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'two Content-Lengths',
      'POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
    ],
    ['a Content-Length that is no number', 'POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n'],
    ['a bad chunk size', 'POST /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ] as const) {
    test(`${what} is 400`, async () => {
      assertError(await edge.raw(request), 400, 'bad request');
    });
  }

  test('no Host, or two, is 400; HTTP/1.0 may leave it out', async () => {
    const text = 'exactly one valid Host header is needed';
    assertError(await edge.raw('GET /hello HTTP/1.1\r\n\r\n'), 400, text);
    assertError(await edge.raw('GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), 400, text);
    assertError(await edge.raw('GET /hello HTTP/1.1\r\nHost: a/b@c\r\n\r\n'), 400, text);
    assert.equal((await edge.raw('GET /hello HTTP/1.0\r\n\r\n')).status, 200);
  });

  test('a long target is 414 and long headers are 431, whichever limit of node:http they pass', async () => {
    for (const length of [1025, 6000]) {
      const answer = await edge.raw(`GET /${'a'.repeat(length)} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assertError(answer, 414, 'uri too long');
    }
    const headers = `GET /hello HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(6000)}\r\n\r\n`;
    assertError(await edge.raw(headers), 431, 'request headers too large');
  });

  test('CONNECT is 405, an Upgrade is answered as if it were not asked for', async () => {
    assertError(await edge.raw('CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'), 405, 'method not allowed');
    const upgrade = await edge.raw(
      'GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    assert.equal(upgrade.status, 200);
    assert.equal(upgrade.header('upgrade'), undefined);
  });

  test('an unknown Expect is 417', async () => {
    const answer = await edge.raw('POST /hello HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n');
    assertError(answer, 417, 'expectation failed');
  });

  test('after all that it still serves', async () => {
    assert.equal((await edge.raw('GET /hello HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'ok');
  });
});

describe('server: bodies', () => {
  let edge: TestEdge;
  before(async () => {
    edge = await startEdge({ policy: { maxBodyBytes: 10 } });
    edge.pool.answer = (call) => call.answer({ body: String(call.body?.length ?? 'none') });
  });
  after(() => edge.close());
  const post = (head: string, body = '') => `POST /hello HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${body}`;

  test("a Content-Length over the function's limit is 413 without the body", async () => {
    const calls = edge.pool.calls.length;
    assertError(await edge.raw(post('Content-Length: 11')), 413, 'payload too large');
    assert.equal(edge.pool.calls.length, calls);
  });

  test('over the global limit it is 413 on any path, before routing', async () => {
    const answer = await edge.raw('POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\n\r\n');
    assertError(answer, 413, 'payload too large');
  });

  test('a chunked body is refused at the first byte over the limit, and the connection ends', async () => {
    const answer = await edge.raw([post('Transfer-Encoding: chunked'), '6\r\nabcdef\r\n', '5\r\nabcde\r\n']);
    assertError(answer, 413, 'payload too large');
    assert.equal(answer.header('connection'), 'close');
    assert.equal(edge.state.deployments.get(edge.unit.key)?.gate.active, 0);
  });

  test('exactly the limit is served, however it is sent', async () => {
    assert.equal((await edge.raw(post('Content-Length: 10', '0123456789'))).body, '10');
    const chunked = ['Transfer-Encoding: chunked', '5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n'] as const;
    assert.equal((await edge.raw(post(...chunked))).body, '10');
  });

  test('no body and an empty body are none', async () => {
    assert.equal((await edge.raw(post('Content-Length: 0'))).body, 'none');
    assert.equal((await edge.raw(post('Transfer-Encoding: chunked', '0\r\n\r\n'))).body, 'none');
    assert.equal((await edge.raw('GET /hello HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'none');
  });

  test('no Content-Type is strange enough to be refused', async () => {
    const answer = await edge.raw(post('Content-Type: ;;not a type\r\nContent-Length: 2', 'hi'));
    assert.equal(answer.body, '2');
  });

  test('100 Continue is said only when the body is wanted', async () => {
    const socket = edge.open();
    const received = receiveAnswer(socket);
    socket.write(post('Expect: 100-continue\r\nContent-Length: 2'));
    await once(socket, 'data');
    socket.write('hi');
    const answer = await received;
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    assert.equal(parseAnswer(answer).body, '2');
    socket.destroy();
    const refused = await edge.raw(post('Expect: 100-continue\r\nContent-Length: 11'));
    assert.equal(refused.status, 413);
    assert.doesNotMatch(refused.text, /100 Continue/);
  });

  test('a client that still sends when it is refused gets to read why', async () => {
    const socket = edge.open();
    const received = receiveAnswer(socket);
    socket.on('error', () => {});
    socket.write(post('Content-Length: 9000000'));
    const piece = Buffer.alloc(65_536);
    for (let i = 0; i < 30; i++) socket.write(piece);
    assertError(parseAnswer(await received), 413, 'payload too large');
    socket.destroy();
  });

  test('a client that leaves in the middle of its body frees the slot', async () => {
    const socket = edge.open();
    const active = () => edge.state.deployments.get(edge.unit.key)?.gate.active;
    const calls = edge.pool.calls.length;
    socket.write(post('Content-Length: 8', 'abc'));
    await until(() => active() === 1);
    socket.destroy();
    await until(() => active() === 0);
    assert.equal(edge.pool.calls.length, calls);
  });
});

test('server: a client too slow with its headers is 408', async () => {
  const edge = await startEdge({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 100 } });
  try {
    assertError(await edge.raw('GET /hello HTTP/1.1\r\nHost'), 408, 'request timeout');
  } finally {
    await edge.close();
  }
});

test('server: while it drains, requests on open connections are told so and sent away', async () => {
  const edge = await startEdge();
  try {
    edge.pool.answer = (call) => call.answer({ body: 'ok' });
    const socket = edge.open();
    const first = receiveAnswer(socket);
    socket.write('GET /hello HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(parseAnswer(await first).status, 200);
    socket.removeAllListeners('data');
    edge.state.draining = true;
    const second = receiveAnswer(socket);
    socket.write('GET /hello HTTP/1.1\r\nHost: a\r\n\r\n');
    const refused = parseAnswer(await second);
    assertError(refused, 503, 'draining');
    assert.equal(refused.header('connection'), 'close');
    socket.destroy();
  } finally {
    await edge.close();
  }
});
