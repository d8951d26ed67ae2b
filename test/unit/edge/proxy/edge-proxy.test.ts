// The edge proxy with a name server and a clock of the test's own.
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../../../src/clock.ts';
import { ClientSignal } from '../../../../src/edge/client-signal.ts';
import { EdgeProxy } from '../../../../src/edge/proxy/edge-proxy.ts';
import type { ResolvedAddress } from '../../../../src/edge/proxy/guarded-lookup.ts';
import { GatewayError } from '../../../../src/errors.ts';
import { silentLog } from '../../../../src/log.ts';
import { readEdge } from '../../../../src/policy/edge-fields.ts';
import { FakeClock } from '../../../fakes/clock.ts';

const loopback = { address: '127.0.0.1', family: 4 };
const inner = { address: '10.0.0.5', family: 4 };
const outer = { address: '203.0.114.9', family: 4 };
const stream = { idleMs: 60_000, maxMs: 3_600_000 };
const privateHost = 'edge proxy failed: proxy denied: private host not allowed';

describe('edge-proxy', () => {
  let server: Server;
  let port = 0;
  let answer: (response: ServerResponse) => void = (response) => response.end('here');
  const hosts: (string | undefined)[] = [];
  before(async () => {
    server = createServer((request, response) => {
      hosts.push(request.headers.host);
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A proxy whose names resolve to the given answers in turn, the last one for ever. */
  const proxyOf = (answers: readonly (readonly ResolvedAddress[])[], clock = systemClock) => {
    const asked: string[] = [];
    const resolve = (name: string) => {
      asked.push(name);
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? []);
    };
    return { asked, proxy: new EdgeProxy({ clock, log: silentLog, verifyTls: true, resolve }) };
  };
  const policyOf = (edge: object) => ({
    edge: readEdge({ ...edge }, () => assert.fail('a bad policy')),
    stream,
  });
  const pass = (
    proxy: EdgeProxy,
    edge: object,
    directive: Record<string, unknown>,
    { deadlineMs = systemClock.now() + 5000, signal = new ClientSignal() } = {},
  ) =>
    proxy.pass({
      id: 'r1',
      functionKey: 'f',
      directive,
      body: null,
      policy: policyOf(edge),
      method: 'GET',
      signal,
      deadlineMs,
    });
  const textOf = (edge: object, proxy: EdgeProxy) =>
    pass(proxy, edge, { path: '/' }).reply.then(
      (reply) => String(reply.body),
      (error: unknown) => (error instanceof GatewayError ? error.message : String(error)),
    );
  const named = (name: string, more: object = {}) => ({ base_url: `http://${name}:${port}`, ...more });

  test('a name is looked up once a connection, and what was judged is what is connected to', async () => {
    answer = (response) => response.setHeader('connection', 'close').end('here');
    const { proxy, asked } = proxyOf([[loopback], [inner]]);
    const edge = named('rebind.example', { allow_private: ['127.0.0.0/8'] });
    assert.equal(await textOf(edge, proxy), 'here');
    assert.deepEqual(asked, ['rebind.example']);
    assert.equal(hosts.at(-1), `rebind.example:${port}`);
    assert.equal(await textOf(edge, proxy), privateHost);
    assert.equal(asked.length, 2);
    await proxy.close();
  });

  test('a name that leads to a private address is refused, also beside a public one', async () => {
    for (const answers of [
      [inner],
      [outer, inner],
      [{ address: '::1', family: 6 }],
      [{ address: '::ffff:10.0.0.1', family: 6 }],
    ]) {
      const { proxy } = proxyOf([answers]);
      assert.equal(await textOf(named('name.example'), proxy), privateHost);
      await proxy.close();
    }
  });

  test('allow_private opens private networks, and the metadata service only by its name', async () => {
    const metadata = [{ address: '169.254.169.254', family: 4 }];
    const { proxy } = proxyOf([metadata]);
    assert.equal(await textOf(named('sly.example', { allow_private: true }), proxy), privateHost);
    assert.equal(
      await textOf(named('sly.example', { allow_private: ['169.254.0.0/16'] }), proxy),
      privateHost,
    );
    await proxy.close();
    const { proxy: open } = proxyOf([[loopback]]);
    assert.equal(await textOf(named('own.example', { allow_private: true }), open), 'here');
    assert.equal(await textOf(named('own.example', { allow_private: ['10.0.0.0/8'] }), open), privateHost);
    await open.close();
  });

  test('a kept connection of one policy does not serve another that may not have it', async () => {
    answer = (response) => response.end('here');
    const { proxy } = proxyOf([[loopback]]);
    assert.equal(await textOf(named('same.example', { allow_private: true }), proxy), 'here');
    assert.equal(await textOf(named('same.example'), proxy), privateHost);
    await proxy.close();
  });

  test('a slow reader slows the upstream down', async () => {
    let written = 0;
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const push = (): void => {
        while (written < 64 * 1024 * 1024) {
          written += 65_536;
          if (!response.write(Buffer.alloc(65_536))) {
            response.once('drain', push);
            return;
          }
        }
        response.end();
      };
      push();
    };
    const { proxy } = proxyOf([[loopback]]);
    const edge = named('slow.example', { allow_private: true, max_response_bytes: 100 * 1024 * 1024 });
    const passage = pass(proxy, edge, { path: '/' });
    const { body } = await passage.reply;
    assert.ok(body !== null && typeof body === 'object' && Symbol.asyncIterator in body);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // What lies between: two socket buffers of the kernel and the window of the call.
    assert.ok(written < 20 * 1024 * 1024, `the upstream has sent ${written} bytes to nobody`);
    let read = 0;
    for await (const chunk of body) read += chunk.length;
    assert.equal(read, 64 * 1024 * 1024);
    assert.equal(await passage.ended, 200);
    await proxy.close();
  });

  test('the deadline ends a call that hears nothing, with 504', async () => {
    answer = () => {};
    const clock = new FakeClock();
    const { proxy } = proxyOf([[loopback]], clock);
    const edge = named('silent.example', { allow_private: true });
    const passage = pass(proxy, edge, { path: '/', timeout_ms: 9999 }, { deadlineMs: 500 });
    clock.advance(499);
    clock.advance(1);
    await assert.rejects(passage.reply, { status: 504, message: 'edge proxy failed: timeout' });
    assert.equal(await passage.ended, 504);
    assert.equal(clock.pending, 0);
    await proxy.close();
  });

  test('a client that has gone ends the upstream request', async () => {
    const gone = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    answer = (response) => {
      response.on('close', gone.resolve).write('a');
      arrived.resolve();
    };
    const { proxy } = proxyOf([[loopback]]);
    const signal = new ClientSignal();
    const passage = pass(proxy, named('left.example', { allow_private: true }), { path: '/' }, { signal });
    const refused = assert.rejects(passage.reply, { code: 'client_closed' });
    await arrived.promise;
    signal.abort();
    await Promise.all([refused, gone.promise]);
    assert.equal(await passage.ended, 499);
    const late = pass(proxy, named('left.example', { allow_private: true }), { path: '/' }, { signal });
    await assert.rejects(late.reply, { code: 'client_closed' });
    await proxy.close();
  });

  test('closing breaks off what still runs, connected or not', async () => {
    const arrived = Promise.withResolvers<void>();
    answer = () => arrived.resolve();
    for (const when of [arrived.promise, undefined]) {
      const { proxy } = proxyOf([[loopback]]);
      const passage = pass(proxy, named('last.example', { allow_private: true }), { path: '/' });
      const refused = assert.rejects(passage.reply, { code: 'edge_proxy_failed' });
      await when;
      await proxy.close();
      await refused;
    }
  });
});
