import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import type { InvocationReply } from '../../../src/invocation/invocation.ts';
import { FakeBody } from '../../fakes/fake-body.ts';
import { bench, settle } from './support.ts';

async function failure(promise: Promise<InvocationReply>): Promise<GatewayError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError, 'the invocation fails');
  return error;
}

async function bytesOf(reply: InvocationReply): Promise<Buffer> {
  const { body } = reply;
  assert.ok(body !== null && typeof body !== 'string' && !Buffer.isBuffer(body), 'a stream');
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('invoker: answers', () => {
  test('a text result is the reply, slot and lease are back, and no timer is left', async () => {
    const { invoke, pool, deployment, clock } = bench();
    pool.answer = (call) => call.answer({ status: 201, headers: { 'X-A': '1' }, body: 'hi' });
    const reply = await invoke();
    assert.equal(reply.status, 201);
    assert.equal(reply.body, 'hi');
    assert.equal(reply.headers['x-a'], '1');
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(deployment.gate.active, 0);
    assert.deepEqual(pool.outcomes, ['healthy']);
    assert.equal(clock.pending, 0);
  });

  test('cold, then warm; an answer of 500 warms nothing', async () => {
    const { invoke, pool } = bench();
    pool.answer = (call) => call.answer({ status: 500, body: 'no' });
    const broken = await invoke();
    assert.equal(broken.headers['x-fastfn-function-state'], 'cold');
    assert.equal(broken.headers['x-fastfn-warmed'], undefined);
    pool.answer = (call) => call.answer({ body: 'ok' });
    const first = await invoke();
    assert.equal(first.headers['x-fastfn-function-state'], 'cold');
    assert.equal(first.headers['x-fastfn-warmed'], 'true');
    const second = await invoke();
    assert.equal(second.headers['x-fastfn-function-state'], 'warm');
    assert.equal(second.headers['x-fastfn-warmed'], undefined);
    pool.ready = 0;
    assert.equal((await invoke()).headers['x-fastfn-function-state'], 'cold', 'no worker is alive any more');
  });

  test('a short binary body is collected, a long or unmeasured one streams with credit', async () => {
    const { invoke, pool } = bench();
    const short = invoke();
    await settle();
    pool.call().answer({ body: { kind: 'stream', bytes: 4 } });
    pool.call().handlers.chunk(Buffer.from([0xff, 0]));
    pool.call().handlers.chunk(Buffer.from([1, 2]));
    pool.call().handlers.bodyEnd();
    assert.deepEqual((await short).body, Buffer.from([0xff, 0, 1, 2]));

    const long = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const reply = await long;
    call.handlers.chunk(Buffer.from('ab'));
    call.handlers.chunk(Buffer.from('cd'));
    assert.equal(call.consumedBytes, 0, 'nothing is read yet');
    call.handlers.bodyEnd();
    assert.equal((await bytesOf(reply)).toString(), 'abcd');
    assert.equal(call.consumedBytes, 4);
    assert.deepEqual(pool.outcomes, ['healthy', 'healthy']);
  });

  test('204 and 304 have no body even when the worker sends one', async () => {
    const { invoke, pool } = bench();
    pool.answer = (call) => call.answer({ status: 204, body: 'x' });
    assert.equal((await invoke()).body, null);
    pool.answer = (call) => {
      call.answer({ status: 304, body: { kind: 'stream', bytes: 3 } });
      call.handlers.chunk(Buffer.from('abc'));
      call.handlers.bodyEnd();
    };
    assert.equal((await invoke()).body, null);
    assert.equal(pool.call().consumedBytes, 3, 'what nobody reads still returns its room');
  });

  test('a 1xx status is no answer', async () => {
    const { invoke, pool } = bench();
    pool.answer = (call) => call.answer({ status: 101 });
    const error = await failure(invoke());
    assert.equal(error.code, 'bad_worker_reply');
    assert.equal(error.message, 'invalid runtime response');
  });

  test('the event carries id, deadline and the rest; the body goes beside it', async () => {
    const { invoke, pool, unit } = bench();
    pool.answer = (call) => call.answer({});
    await invoke({ readBody: () => Promise.resolve(Buffer.from('data')) });
    const { event, body, remainingMs } = pool.call().request;
    assert.equal(event.id, 'req-1');
    assert.equal(body?.toString(), 'data');
    assert.equal(remainingMs, unit.policy.timeoutMs);
  });
});

describe('invoker: failures', () => {
  test('a handler error is 500 with its message, paths and secrets taken out', async () => {
    const { invoke, pool } = bench({ secrets: ['hunter2-secret'] });
    pool.answer = (call) =>
      call.fail("cannot open '/etc/passwd' with hunter2-secret at /srv/fns/hello/handler.js:3");
    const error = await failure(invoke());
    assert.equal(error.status, 500);
    assert.equal(error.code, 'handler_failed');
    assert.equal(error.message, "cannot open '<path>' with <hidden> at hello/handler.js:3");
    assert.equal(error.headers['x-fastfn-function-state'], 'cold');
    assert.equal(error.headers['x-fastfn-warming'], undefined);
  });

  test('in production the message stays in the log', async () => {
    const { invoke, pool } = bench({ production: true });
    pool.answer = (call) => call.fail('database password is wrong');
    assert.equal((await failure(invoke())).message, 'internal error');
  });

  test('at the deadline the handler is told, and the client hears 504 once the worker has let go', async () => {
    const { invoke, pool, clock, deployment } = bench({ policy: { timeoutMs: 300 } });
    const pending = failure(invoke());
    await settle();
    clock.advance(300);
    assert.equal(pool.call().cancelled, 'deadline');
    assert.equal(deployment.gate.active, 1, 'a zombie keeps its slot');
    pool.call().end();
    const error = await pending;
    assert.equal(error.code, 'invocation_timeout');
    assert.equal(error.message, 'runtime timeout');
    assert.equal(error.headers['x-fastfn-warming'], 'true');
    assert.equal(error.headers['retry-after'], '1');
    assert.deepEqual(pool.outcomes, ['healthy']);
    assert.equal(deployment.gate.active, 0);
    assert.equal(clock.pending, 0);
  });

  test('a handler that does not let go costs its worker the life, and the slot is free', async () => {
    const { invoke, pool, clock, deployment } = bench({
      policy: { timeoutMs: 300, workerPool: { maxWorkers: 1 } },
    });
    const pending = failure(invoke());
    await settle();
    clock.advance(400);
    assert.equal((await pending).status, 504);
    assert.deepEqual(pool.outcomes, ['poisoned']);
    assert.equal(deployment.gate.active, 0);
    await settle();
    pool.answer = (call) => call.answer({ body: 'next' });
    assert.equal((await invoke()).body, 'next');
  });

  test('a late result after the deadline changes nothing, and nothing runs twice', async () => {
    const { invoke, pool, clock } = bench({ policy: { timeoutMs: 300 } });
    const pending = failure(invoke());
    await settle();
    clock.advance(400);
    assert.equal((await pending).status, 504);
    pool.call().answer({ body: 'late' });
    await settle();
    assert.equal(pool.calls.length, 1);
  });

  test('the deadline holds while the body is read and while a worker is waited for', async () => {
    const { invoke, pool, clock } = bench({ policy: { timeoutMs: 300 } });
    const reading = failure(invoke({ readBody: () => new Promise(() => {}) }));
    await settle();
    clock.advance(300);
    const slow = await reading;
    assert.equal(slow.status, 504);
    assert.equal(slow.headers['x-fastfn-function-state'], undefined, 'no worker was asked for');
    pool.hasRoom = false;
    const waiting = failure(invoke());
    await settle();
    clock.advance(300);
    assert.equal((await waiting).status, 504);
    pool.lendWaiting();
    await settle();
    assert.equal(pool.calls.length, 0, 'a lease that comes too late is not used');
    assert.deepEqual(pool.outcomes, ['healthy']);
  });

  test('what the pool refuses with is passed on with the marks of a cold function', async () => {
    const { invoke, pool, deployment } = bench();
    pool.hasRoom = false;
    const pending = failure(invoke());
    await settle();
    pool.refuseWaiting(new GatewayError('runtime_unavailable'));
    const error = await pending;
    assert.equal(error.status, 503);
    assert.equal(error.headers['x-fastfn-warming'], 'true');
    assert.equal(deployment.gate.active, 0);
  });

  test('a worker that dies is 502 and is not asked again', async () => {
    const { invoke, pool } = bench();
    pool.answer = (call) => {
      call.end();
      call.handlers.lost(new GatewayError('worker_crashed'));
    };
    const error = await failure(invoke());
    assert.equal(error.status, 502);
    assert.equal(pool.calls.length, 1);
  });

  test('a call that a dying worker held for later goes to another one', async () => {
    const { invoke, pool, deployment } = bench();
    pool.begins = false;
    const pending = invoke();
    await settle();
    pool.begins = true;
    pool.call(0).handlers.lost(new GatewayError('worker_crashed'));
    pool.call(1).answer({ body: 'from the other' });
    assert.equal((await pending).body, 'from the other');
    assert.deepEqual(pool.outcomes, ['healthy', 'healthy']);
    assert.equal(deployment.gate.active, 0);
  });

  test('a client that leaves cancels the call; before one is made no worker is asked', async () => {
    const { invoke, pool, deployment } = bench();
    const client = new AbortController();
    const pending = failure(invoke({ signal: client.signal }));
    await settle();
    client.abort();
    assert.equal(pool.call().cancelled, 'client_closed');
    pool.call().end();
    assert.equal((await pending).code, 'client_closed');
    assert.equal(deployment.warmAt, null);
    assert.equal((await failure(invoke({ signal: AbortSignal.abort() }))).code, 'client_closed');
    assert.equal(pool.calls.length, 1);
    assert.equal(deployment.gate.active, 0);
  });

  test('a body over the limit gives the slot back and carries no marks', async () => {
    const { invoke, pool, deployment } = bench();
    const error = await failure(
      invoke({ readBody: () => Promise.reject(new GatewayError('payload_too_large')) }),
    );
    assert.equal(error.status, 413);
    assert.deepEqual(error.headers, {});
    assert.equal(pool.calls.length, 0);
    assert.equal(deployment.gate.active, 0);
  });

  test('a fault of our own is internal and says nothing', async () => {
    const { invoke, deployment } = bench();
    const error = await failure(invoke({ readBody: () => Promise.reject(new TypeError('at /srv/x')) }));
    assert.equal(error.code, 'internal');
    assert.equal(error.message, 'internal error');
    assert.equal(deployment.gate.active, 0);
  });
});

describe('invoker: streams', () => {
  test('a worker that dies in the middle breaks the stream', async () => {
    const { invoke, pool } = bench();
    const pending = invoke();
    await settle();
    pool.call().answer({ body: { kind: 'stream', bytes: null } });
    const reply = await pending;
    pool.call().handlers.chunk(Buffer.from('ab'));
    pool.call().handlers.lost(new GatewayError('worker_crashed'));
    await assert.rejects(bytesOf(reply), { code: 'worker_crashed' });
  });

  test('once an answer has begun, silence is what ends it and not the deadline', async () => {
    const { invoke, pool, clock } = bench({
      policy: { timeoutMs: 300, stream: { idleMs: 1000, maxMs: 60_000 } },
    });
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const read = assert.rejects(bytesOf(await pending), { code: 'invocation_timeout' });
    for (let round = 0; round < 5; round += 1) {
      clock.advance(900);
      call.handlers.chunk(Buffer.from('x'));
      await settle();
    }
    assert.equal(call.cancelled, null, '4.5 s with a deadline of 0.3 s');
    clock.advance(999);
    assert.equal(call.cancelled, null);
    clock.advance(1);
    assert.equal(call.cancelled, 'deadline');
    call.end();
    await read;
    assert.equal(clock.pending, 0);
  });

  test('a stream has a longest life, however much it says', async () => {
    const { invoke, pool, clock } = bench({ policy: { stream: { idleMs: 1000, maxMs: 2000 } } });
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const read = assert.rejects(bytesOf(await pending), { code: 'invocation_timeout' });
    for (let round = 0; round < 4; round += 1) {
      assert.equal(call.cancelled, null);
      clock.advance(500);
      call.handlers.chunk(Buffer.from('x'));
      await settle();
    }
    assert.equal(call.cancelled, 'deadline');
    call.end();
    await read;
  });

  test('the silence of a slow reader is not held against the handler, within the longest life', async () => {
    const { invoke, pool, clock } = bench({
      policy: { timeoutMs: 300, stream: { idleMs: 200, maxMs: 300_000 } },
    });
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const reply = await pending;
    call.handlers.chunk(Buffer.from('ab'));
    clock.advance(1000);
    assert.equal(call.cancelled, null, 'the worker waits for the reader');
    call.handlers.bodyEnd();
    assert.equal((await bytesOf(reply)).toString(), 'ab');
    const stuck = invoke();
    await settle();
    pool.call().answer({ body: { kind: 'stream', bytes: null } });
    const endless = await stuck;
    pool.call().handlers.chunk(Buffer.from('ab'));
    clock.advance(400_000);
    assert.equal(pool.call().cancelled, 'deadline');
    await assert.rejects(bytesOf(endless), { code: 'invocation_timeout' });
  });

  test('a stream that its client has left has a second to come to its end', async () => {
    for (const [lateMs, outcome] of [
      [900, 'healthy'],
      [1000, 'poisoned'],
    ] as const) {
      const { invoke, pool, clock, deployment } = bench();
      const client = new AbortController();
      const pending = invoke({ signal: client.signal });
      await settle();
      const call = pool.call();
      call.answer({ body: { kind: 'stream', bytes: null } });
      const read = assert.rejects(bytesOf(await pending), { code: 'client_closed' });
      client.abort();
      assert.equal(call.cancelled, 'client_closed');
      clock.advance(lateMs);
      call.end();
      await read;
      assert.deepEqual(pool.outcomes, [outcome]);
      assert.equal(deployment.gate.active, 0);
      assert.equal(clock.pending, 0);
    }
  });

  test('a HEAD that leaves the body unread is answered as it should be', async () => {
    const { invoke, pool, deployment } = bench();
    const pending = invoke({ method: 'HEAD' });
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const { body } = await pending;
    assert.ok(body !== null && typeof body !== 'string' && !Buffer.isBuffer(body));
    await body[Symbol.asyncIterator]().return?.();
    assert.equal(call.cancelled, 'client_closed');
    call.end();
    assert.ok(deployment.warmAt !== null, 'it counts as an answer');
  });

  test('events say that nobody shall hold them back, unless the handler says otherwise', async () => {
    const { invoke, pool } = bench();
    const headersFor = async (headers: Record<string, string>) => {
      pool.answer = (call) => {
        call.answer({ headers, body: { kind: 'stream', bytes: null } });
        call.end();
        call.handlers.bodyEnd();
      };
      return (await invoke()).headers;
    };
    const events = await headersFor({ 'Content-Type': 'text/event-stream; charset=utf-8' });
    assert.deepEqual([events['cache-control'], events['x-accel-buffering']], ['no-cache', 'no']);
    const own = await headersFor({ 'content-type': 'text/event-stream', 'Cache-Control': 'no-store' });
    assert.equal(own['cache-control'], 'no-store');
    const text = await headersFor({ 'content-type': 'text/plain' });
    assert.equal(text['cache-control'], undefined);
  });

  test('a reader that stops early cancels the handler', async () => {
    const { invoke, pool, deployment } = bench();
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const { body } = await pending;
    assert.ok(body !== null && typeof body !== 'string' && !Buffer.isBuffer(body));
    call.handlers.chunk(Buffer.from('ab'));
    for await (const _chunk of body) break;
    assert.equal(call.cancelled, 'client_closed');
    call.end();
    assert.equal(deployment.gate.active, 0);
  });
});

describe('invoker: bodies that arrive while the handler runs', () => {
  const policy = { bodyMode: 'stream', timeoutMs: 300, stream: { idleMs: 1000, maxMs: 10_000 } } as const;

  test('the handler starts at once; pieces pass as it takes them', async () => {
    const { invoke, pool } = bench({ policy });
    const body = new FakeBody(5);
    const pending = invoke({ streamBody: () => body });
    await settle();
    const call = pool.call();
    assert.deepEqual(
      [call.request.body !== null && 'bytes' in call.request.body, body.state],
      [true, 'flowing'],
    );
    call.hasRoom = false;
    body.sink?.chunk(Buffer.from('ab'));
    assert.equal(body.state, 'paused');
    call.hasRoom = true;
    call.drained();
    assert.equal(body.state, 'flowing');
    body.sink?.chunk(Buffer.from('cde'));
    body.sink?.end();
    assert.deepEqual([Buffer.concat(call.written).toString(), call.bodyEnded], ['abcde', true]);
    call.answer({ body: 'ok' });
    assert.equal((await pending).body, 'ok');
    assert.equal(body.state, 'flowing', 'what has ended need not be stopped');
  });

  test('a body over its limit is 413 while the handler runs', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = failure(invoke({ streamBody: () => body }));
    await settle();
    body.sink?.failed(new GatewayError('payload_too_large'));
    assert.equal(pool.call().cancelled, 'payload_too_large');
    pool.call().end();
    assert.equal((await pending).status, 413);
    assert.equal(clock.pending, 0);
  });

  test('a slow client is not late, a silent one is: 408; the handler has its time once the body is whole', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const slow = new FakeBody(null);
    const late = failure(invoke({ streamBody: () => slow }));
    await settle();
    for (let round = 0; round < 3; round += 1) {
      clock.advance(900);
      slow.sink?.chunk(Buffer.from('x'));
    }
    slow.sink?.end();
    clock.advance(299);
    assert.equal(pool.call().cancelled, null);
    clock.advance(1);
    assert.equal(pool.call().cancelled, 'deadline');
    pool.call().end();
    assert.equal((await late).status, 504);
    const silent = failure(invoke({ streamBody: () => new FakeBody(null) }));
    await settle();
    clock.advance(1000);
    pool.call().end();
    assert.equal((await silent).status, 408);
  });

  test('a handler that takes no more of the body is the one that is late: 504', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = failure(invoke({ streamBody: () => body }));
    await settle();
    pool.call().hasRoom = false;
    body.sink?.chunk(Buffer.from('x'));
    clock.advance(1000);
    pool.call().end();
    assert.equal((await pending).status, 504);
    assert.equal(body.state, 'stopped');
  });

  test('an answer before the end of the body leaves the rest unread', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = invoke({ streamBody: () => body });
    await settle();
    pool.call().answer({ status: 403, body: 'no' });
    assert.equal((await pending).status, 403);
    assert.equal(body.state, 'stopped');
    assert.equal(clock.pending, 0);
  });

  test('body and answer may stream at once: one of them that moves is enough', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = invoke({ streamBody: () => body });
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const read = bytesOf(await pending);
    await settle();
    for (let round = 0; round < 3; round += 1) {
      clock.advance(900);
      body.sink?.chunk(Buffer.from('x'));
    }
    assert.equal(call.cancelled, null);
    body.sink?.end();
    call.end();
    call.handlers.bodyEnd();
    assert.equal((await read).length, 0);
    assert.equal(clock.pending, 0);
  });

  test('without a body, or from a caller that has it whole, nothing streams', async () => {
    const { invoke, pool } = bench({ policy });
    pool.answer = (call) => call.answer({});
    await invoke({ streamBody: () => null });
    assert.equal(pool.call().request.body, null);
    await invoke({ readBody: () => Promise.resolve(Buffer.from('whole')) });
    assert.equal(pool.call().body?.toString(), 'whole');
  });
});

describe('invoker: debug headers and numbers', () => {
  test('output comes back encoded, cut and masked, only where the policy asks', async () => {
    const { invoke, pool } = bench({ policy: { includeDebugHeaders: true }, secrets: ['s3cret-value'] });
    pool.answer = (call) => {
      call.print('stdout', 'a s3cret-value\né 100%\n');
      call.print('stderr', 'x'.repeat(5000));
      call.answer({ body: 'ok' });
    };
    const { headers } = await invoke();
    assert.equal(headers['x-fn-stdout'], 'a <hidden>%0A%C3%A9 100%25');
    assert.equal(headers['x-fn-stderr'], 'x'.repeat(4096));
    assert.equal(headers['x-fn-request-id'], 'req-1');
    assert.equal(headers['x-fn-runtime'], 'node');
    assert.equal(headers['x-fn-function'], 'hello');
    assert.equal(headers['x-fn-version'], 'default');
    assert.equal(headers['x-fn-worker-pool-max-workers'], '20');
    assert.equal(headers['x-fn-worker-pool-max-queue'], '0');
    assert.equal(headers['x-fn-runtime-routing'], 'single');
    assert.equal(headers['x-fn-runtime-socket-index'], '1');
    assert.equal(headers['x-fn-latency-ms'], '0');
    const plain = bench();
    plain.pool.answer = (call) => {
      call.print('stdout', 'a');
      call.answer({ body: 'ok' });
    };
    assert.deepEqual(
      Object.keys((await plain.invoke()).headers).filter((name) => name.startsWith('x-fn-')),
      [],
    );
  });

  test('a queued invocation says so, and durations are observed by status', async () => {
    const { invoke, pool, metrics } = bench({
      policy: { workerPool: { maxWorkers: 1, maxQueue: 1, queueTimeoutMs: 1000 } },
    });
    const first = invoke();
    const second = invoke();
    await settle();
    assert.equal((await failure(invoke())).message, 'worker pool overflow');
    pool.answer = (call) => call.answer({});
    pool.call().answer({});
    assert.equal((await first).headers['x-fastfn-queued'], undefined);
    assert.equal((await second).headers['x-fastfn-queued'], 'true');
    const text = await metrics.registry.metrics();
    assert.match(text, /duration_seconds_count\{function="node\/hello@default",status="200"\} 2/);
    assert.match(text, /duration_seconds_count\{function="node\/hello@default",status="429"\} 1/);
  });
});
