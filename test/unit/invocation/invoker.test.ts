import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { bench, bytesOf, failure, settle } from './support.ts';

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
    assert.equal(JSON.parse(event).id, 'req-1');
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
