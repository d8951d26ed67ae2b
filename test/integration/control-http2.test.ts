// The control plane over HTTP/2, where Host has another name and connections another shape.
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestGateway } from './support/gateway.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));

interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** @param firstPart resolve with the first piece of the body, and leave the rest */
function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body = '',
  firstPart = false,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/_fn/catalog', ...headers }, { endStream: body === '' });
    let answered: IncomingHttpHeaders = {};
    let text = '';
    const done = (): void => resolve({ status: Number(answered[':status']), headers: answered, text });
    stream.on('response', (head) => {
      answered = head;
    });
    stream.on('data', (chunk) => {
      text += chunk;
      if (firstPart) {
        done();
        stream.close();
      }
    });
    stream.on('end', done);
    stream.on('error', reject);
    if (body !== '') stream.end(body);
  });
}

test('control: HTTP/2 callers meet the same guards, log in with a cookie of this host, write and follow', async () => {
  const gateway = await startTestGateway(
    { 'get.a.js': "exports.handler = () => 'a';\n" },
    {
      FN_TLS_CERT_FILE: fixture('first-cert.pem'),
      FN_TLS_KEY_FILE: fixture('first-key.pem'),
      FN_CONSOLE_WRITE_ENABLED: '1',
      FN_CONSOLE_LOGIN_API: '1',
      FN_CONSOLE_LOGIN_USERNAME: 'ada',
      FN_CONSOLE_LOGIN_PASSWORD: 'right',
      FN_CONSOLE_SESSION_SECRET: 'secret-of-this-test',
    },
  );
  const session = connect(gateway.url, { rejectUnauthorized: false });
  try {
    const rebound = await ask(session, { ':authority': 'evil.example' });
    assert.deepEqual([rebound.status, JSON.parse(rebound.text).error], [403, 'console api local-only']);
    assert.equal((await ask(session, {})).status, 401);
    const csrf = { 'x-fn-request': '1' };
    const login = { ':path': '/_fn/login', ':method': 'POST', ...csrf };
    const answer = await ask(session, login, '{"username":"ada","password":"right"}');
    assert.equal(answer.status, 200, answer.text);
    const [set = ''] = answer.headers['set-cookie'] ?? [];
    assert.match(set, /^__Host-fastfn_session=.*; Secure/);
    const cookie = set.split(';')[0] ?? '';
    assert.equal((await ask(session, { cookie })).status, 200);
    const path = '/_fn/function?runtime=node&name=b';
    const write = { ':path': path, ':method': 'POST', cookie };
    assert.equal((await ask(session, write, '{}')).status, 403);
    const made = await ask(session, { ...write, ...csrf }, '{}');
    assert.equal(made.status, 201, made.text);
    const long = await ask(session, { ...write, ...csrf }, 'x'.repeat(4_194_305));
    assert.equal(long.status, 413);
    const followed = await ask(session, { ':path': '/_fn/logs?follow=1', cookie }, '', true);
    assert.deepEqual([followed.status, followed.text], [200, ': following\n\n']);
  } finally {
    session.destroy();
    await gateway.close();
  }
});
