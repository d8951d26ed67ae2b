// The edge proxy end to end (contract/edge-proxy.md): functions in their workers, upstreams on loopback. Rows that need a
// name server of the test's own are unit tests.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';

/** Answers with the directive that the client puts into its body: one function tries everything. */
const relay = 'exports.handler = (event) => ({ status: 200, body: "own", proxy: JSON.parse(event.body) });\n';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** Records what it is asked; a path that names a behaviour gets that one, any other the record as JSON. */
async function startUpstream(behaviours: Readonly<Record<string, Behaviour>>) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', rawHeaders } = request;
    const record = { method, url, rawHeaders, body: Buffer.concat(chunks).toString('latin1') };
    seen.push(record);
    const behave = behaviours[url.split('?', 1)[0] ?? ''];
    if (behave !== undefined) behave(request, response);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(record));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = (server.address() as AddressInfo).port;
  return {
    seen,
    port,
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('proxy', () => {
  let gateway: TestGateway;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  before(async () => {
    upstream = await startUpstream({});
    gateway = await startTestGateway({
      'open/fn.config.json': JSON.stringify({ edge: { base_url: upstream.url, allow_private: true } }),
      'open/post.js': relay,
    });
  });
  after(async () => {
    await gateway.close();
    upstream.close();
  });
  const pass = (directive: object, target = '/open') =>
    ask(gateway.url, target, { method: 'POST', body: JSON.stringify(directive) });

  test('a relative path goes to the base with its query, and the upstream answer comes back', async () => {
    const answer = await pass({ path: '/a?x=1', method: 'GET', headers: {'X-A': ['1','2'], 'Content-Length': '1', host: 'evil', 'x-b': 'a\r\nY: b'}, body: 'hello' });
    console.log(answer.status, answer.headers, answer.text);
    assert.equal(answer.status, 200);
  });
});
