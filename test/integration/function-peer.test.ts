// A function that calls its own gateway over loopback is a stranger to the control plane, however it calls.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accessTable } from '../../src/control/access-table.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';

const caller = `exports.handler = async (event) => {
  const { url, method, headers } = JSON.parse(event.body);
  const answer = await fetch(url, { method, headers });
  return { status: 200, body: JSON.stringify({ status: answer.status, text: await answer.text() }) };
};
`;

/** Sends the request and ends at once, so that nobody holds the socket any more when the request is looked at. */
const hitAndRun = `import json, os, socket
def handler(event):
    host, port, text = json.loads(event["body"])
    s = socket.create_connection((host, port))
    s.sendall(text.encode())
    os._exit(0)
`;

const pyCaller = `import json, urllib.request, urllib.error
def handler(event):
    try:
        with urllib.request.urlopen(json.loads(event["body"])["url"]) as answer:
            return {"status": 200, "body": str(answer.status)}
    except urllib.error.HTTPError as error:
        return {"status": 200, "body": str(error.code)}
`;

describe('the control plane over loopback', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'post.call.js': caller,
      'post.pycall.py': pyCaller,
      'post.hit.py': hitAndRun,
    });
  });
  after(() => gateway.close());

  const viaFunction = async (path: string, method = 'GET', headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ url: `${gateway.url}${path}`, method, headers });
    return (await ask(gateway.url, '/call', { method: 'POST', body })).json() as {
      status: number;
      text: string;
    };
  };
  const generation = async (): Promise<number> => (await ask(gateway.url, '/_fn/catalog')).json().generation;

  test('is open to the operator and closed to a function', async () => {
    assert.equal((await ask(gateway.url, '/_fn/catalog')).status, 200);
    for (const path of ['/_fn/catalog', '/_fn/metrics', '/system/metrics']) {
      assert.equal((await viaFunction(path)).status, 403, path);
    }
    assert.equal((await ask(gateway.url, '/_fn/catalog')).status, 200);
    const python = JSON.stringify({ url: `${gateway.url}/_fn/catalog` });
    assert.equal((await ask(gateway.url, '/pycall', { method: 'POST', body: python })).text, '403');
  });

  test('a function cannot reload, and sees of health what strangers see', async () => {
    const before = await generation();
    const reload = await viaFunction('/_fn/reload', 'POST', { 'x-fn-request': '1' });
    assert.equal(reload.status, 403);
    assert.equal(await generation(), before);
    const health = await viaFunction('/_fn/health');
    assert.equal(health.status, 200);
    assert.doesNotMatch(health.text, /functions_root|socket|sandbox/);
    const write = { method: 'POST', headers: { 'x-fn-request': '1' } };
    assert.equal((await ask(gateway.url, '/_fn/reload', write)).status, 200);
  });

  test('forwarding headers and other names of loopback change nothing', async () => {
    for (const headers of [
      { 'x-forwarded-for': '127.0.0.1' },
      { host: 'localhost' },
      { origin: gateway.url },
    ]) {
      assert.equal((await viaFunction('/_fn/catalog', 'GET', headers)).status, 403);
    }
  });

  test('a function that sends its request and ends is not taken for somebody else', async () => {
    const before = await generation();
    const { hostname, port } = new URL(gateway.url);
    const text = `POST /_fn/reload HTTP/1.1\r\nHost: localhost\r\nX-Fn-Request: 1\r\nContent-Length: 0\r\n\r\n`;
    for (let n = 0; n < 3; n += 1) {
      const body = JSON.stringify([hostname, Number(port), text]);
      const { status } = await ask(gateway.url, '/hit', { method: 'POST', body });
      assert.ok([502, 503].includes(status), String(status));
    }
    assert.equal(await generation(), before);
  });

  test('no endpoint that is not for everybody answers a function', async () => {
    for (const { method, path, access } of accessTable) {
      const answer = await viaFunction(path.replace('*', 'x'), method, { 'x-fn-request': '1' });
      const isForAll = access === 'open' || access === 'docs';
      assert.equal(
        answer.status < 400 || !/local-only|console ui disabled/.test(answer.text),
        isForAll,
        path,
      );
    }
  });

  test('functions still reach the public routes of the gateway', async () => {
    assert.equal((await viaFunction('/nothing-here')).status, 404);
  });
});
