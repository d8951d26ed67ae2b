// A gateway whose functions forward what a test tells them to, and the upstreams they may ask (contract/edge-proxy.md).
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { startTestGateway, type TestGateway } from './gateway.ts';
import { type Answer, type Ask, ask } from './http.ts';
import { selfSigned } from './self-signed.ts';
import { type Behaviour, startUpstream, type Upstream } from './upstream.ts';

const mebibyte = 1024 * 1024;

/** Answers with the directive that stands in its body: one function tries everything. */
export const relay =
  'exports.handler = (event) => ({ status: 201, headers: { own: "1" }, body: "own", proxy: JSON.parse(event.body) });\n';
const relayPy =
  'import json\ndef handler(event):\n    return {"status": 200, "body": "own", "proxy": json.loads(event["body"])}\n';
const relayLua =
  "return function() return { proxy = { path = '/lua', method = 'PUT', body = 'of lua' } } end\n";
const relayPhp =
  "<?php function handler(array $event) { return ['proxy' => ['path' => '/php', 'method' => 'PUT', 'body' => 'of php', 'headers' => []]]; }\n";
/** Sends its own body on: text, or so many MiB piece by piece. */
const uploader = `exports.handler = async (event) => {
  const { text, mib, slow, fail, directive } = JSON.parse(event.body);
  const pieces = async function* () {
    for (let i = 0; i < mib * 16; i++) {
      if (slow) await new Promise((done) => setTimeout(done, slow));
      if (fail === i) throw new Error('the handler gives up');
      yield Buffer.alloc(65536, 'u');
    }
  };
  return { status: 200, body: text ?? pieces(), proxy: { body_from: 'result', ...directive } };
};
`;

const behaviours: Readonly<Record<string, Behaviour>> = {
  '/500': (_, response) => response.writeHead(500).end('upstream is ill'),
  '/302': (_, response) => response.writeHead(302, { location: 'http://elsewhere/' }).end(),
  '/cookies': (_, response) => response.writeHead(200, { 'set-cookie': ['a=1; Path=/', 'b=2'] }).end('x'),
  '/hop': (_, response) =>
    response
      .writeHead(200, {
        ...{ connection: 'close, X-Hop', 'x-hop': '1', 'x-kept': '1', 'proxy-connection': 'x', te: 'x' },
        ...{ server: 'upstream/1', 'alt-svc': 'h2=":1"', 'strict-transport-security': 'max-age=9' },
        ...{ 'x-fastfn-function-state': 'forged', 'x-request-id': 'theirs' },
      })
      .end('x'),
  '/large': (_, response) => response.end(Buffer.alloc(3 * mebibyte)),
  '/large-chunked': (_, response) => {
    for (let i = 0; i < 3; i++) response.write(Buffer.alloc(mebibyte));
    response.end();
  },
  '/hundred': (_, response) => response.end('x'.repeat(100)),
  '/silent': () => {},
  '/drip': (_, response) => {
    const timer = setInterval(() => response.write('.'), 100);
    response.on('close', () => clearInterval(timer));
  },
  '/gzip': (_, response) =>
    response
      .writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' })
      .end(gzipSync('packed')),
  '/cut': (_, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('half', () => response.destroy());
  },
  '/early': (_, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.writeHead(200).end('after hints');
  },
  '/events': (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    request.socket.once('close', () => response.destroy());
  },
};

export interface RelayGateway {
  readonly gateway: TestGateway;
  readonly upstream: Upstream;
  /** Over https, with a certificate that nobody has signed. */
  readonly secure: Upstream;
  /** Has a function follow the directive. */
  pass(directive: object | null, target?: string, options?: Ask): Promise<Answer>;
  /** Asserts that it is refused with this text; resolves with the number of requests that reached the upstream. */
  refused(directive: object, text: string, target?: string, status?: number): Promise<number>;
  close(): Promise<void>;
}

export async function startRelayGateway(): Promise<RelayGateway> {
  const upstream = await startUpstream(behaviours);
  const secure = await startUpstream({}, selfSigned);
  const gateway = await startTestGateway(relayTree(upstream));
  const pass = (directive: object | null, target = '/open', options: Ask = {}) =>
    ask(gateway.url, target, { method: 'POST', body: JSON.stringify(directive), ...options });
  return {
    ...{ gateway, upstream, secure, pass },
    async refused(directive, text, target = '/open', status = 502) {
      const before = upstream.seen.length;
      const answer = await pass(directive, target);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.json().error, text);
      assert.equal(answer.json().code, 'edge_proxy_failed');
      assert.equal(answer.headers['own'], undefined);
      return upstream.seen.length - before;
    },
    async close() {
      await gateway.close();
      upstream.close();
      secure.close();
    },
  };
}

function relayTree(upstream: Upstream) {
  const edge = { base_url: upstream.url, allow_private: true, allow_hosts: ['127.0.0.1'] };
  const config = (changes: object) => JSON.stringify({ timeout_ms: 4000, ...changes });
  return {
    'open/fn.config.json': config({ edge }),
    'open/index.js': relay.replace('JSON.parse(event.body)', "{ path: '/default' }"),
    'open/post.js': relay,
    'open/delete.js': relay,
    'py/fn.config.json': config({ edge }),
    'py/post.py': relayPy,
    'moon/fn.config.json': config({ edge }),
    'moon/index.lua': relayLua,
    'elephant/fn.config.json': config({ edge }),
    'elephant/index.php': relayPhp,
    'off/post.js': relay,
    'empty/fn.config.json': config({ edge: {} }),
    'empty/post.js': relay,
    'false/fn.config.json': config({ edge: { allow_private: false } }),
    'false/post.js': relay,
    'based/fn.config.json': config({ edge: { base_url: `${upstream.url}/api/`, allow_private: true } }),
    'based/post.js': relay,
    'public/fn.config.json': config({ edge: { base_url: 'http://u.example', allow_hosts: ['*'] } }),
    'public/post.js': relay,
    'blocks/fn.config.json': config({ edge: { base_url: upstream.url, allow_private: ['10.0.0.0/8'] } }),
    'blocks/post.js': relay,
    'small/fn.config.json': config({ edge: { ...edge, max_response_bytes: 10, max_request_bytes: 10 } }),
    'small/post.js': relay,
    'upload/fn.config.json': config({ edge: { ...edge, max_request_bytes: 4 * mebibyte }, timeout_ms: 1000 }),
    'upload/post.js': uploader,
    'brief/fn.config.json': config({ timeout_ms: 300, edge }),
    'brief/post.js': relay,
    'one/fn.config.json': config({ edge, max_concurrency: 1 }),
    'one/post.js': relay,
    'debug/fn.config.json': config({ edge, include_debug_headers: true }),
    'debug/post.js': relay,
  };
}
