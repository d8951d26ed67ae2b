import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { eventText, planEventContext } from '../../../src/invocation/event.ts';
import { eventHeaders, hopByHopHeaders } from '../../../src/invocation/event-headers.ts';
import type { InvocationRequest } from '../../../src/invocation/invocation.ts';
import { functionUnit } from '../../fakes/function-unit.ts';
import { invocationRequest } from './support.ts';

/** As a worker puts it together: both parts through JSON, the event's own context over the constant one. */
function eventOf(changes: Partial<InvocationRequest> = {}) {
  const request = invocationRequest(changes);
  const event = JSON.parse(eventText(request, 1_000));
  const constant = JSON.parse(JSON.stringify(planEventContext(request.unit, 42)));
  return { ...event, context: { ...constant, ...event.context } };
}

describe('event', () => {
  test('has every field of the contract', () => {
    const unit = functionUnit({ includeDebugHeaders: true, workerPool: { declared: true, maxWorkers: 3 } });
    assert.deepEqual(eventOf({ unit, params: { id: '7' }, headers: { host: 'h', 'user-agent': 'curl' } }), {
      id: 'req-1',
      ts: 1000,
      method: 'GET',
      path: '/hello',
      raw_path: '/hello?a=1',
      query: { a: '1' },
      params: { id: '7' },
      path_params: { id: '7' },
      headers: { host: 'h', 'user-agent': 'curl' },
      session: null,
      client: { ip: '127.0.0.1', ua: 'curl' },
      version: 'default',
      context: {
        request_id: 'req-1',
        runtime: 'node',
        function_name: 'hello',
        version: 'default',
        timeout_ms: 2500,
        deadline_ms: 3500,
        max_concurrency: 20,
        max_body_bytes: 1_048_576,
        worker_pool: {
          enabled: true,
          min_warm: 0,
          idle_ttl_seconds: 300,
          max_workers: 3,
          max_queue: 0,
          queue_timeout_ms: 0,
          queue_poll_ms: 20,
          overflow_status: 429,
        },
        gateway: { worker_pid: 42 },
        debug: { enabled: true },
        user: null,
      },
    });
  });

  test('only a trusted proxy can say how the client asked', () => {
    assert.ok(!('forwarded' in eventOf({ headers: { 'x-forwarded-proto': 'https' } }).context));
    const forwarded = { proto: 'https', host: null } as const;
    assert.deepEqual(eventOf({ forwarded }).context.forwarded, forwarded);
  });

  test('without a worker_pool block the event says enabled: false', () => {
    assert.equal(eventOf().context.worker_pool.enabled, false);
  });

  test('cookies become a session: trimmed, not decoded, the last of a name wins', () => {
    const { session } = eventOf({ headers: { cookie: 'a=b=c; sid=9; x; a = d%20e ' } });
    assert.deepEqual(session, {
      id: '9',
      raw: 'a=b=c; sid=9; x; a = d%20e ',
      cookies: { a: 'd%20e', sid: '9' },
    });
  });

  test('session_id comes before sessionid before sid; none leaves the id out', () => {
    const id = (cookie: string) => eventOf({ headers: { cookie } }).session.id;
    assert.equal(id('sid=3; sessionid=2; session_id=1'), '1');
    assert.equal(id('sid=3; sessionid=2'), '2');
    assert.equal(id('sid=3'), '3');
    assert.equal(id('a=1'), undefined);
  });

  test('two Cookie headers are one session', () => {
    assert.deepEqual(eventOf({ headers: { cookie: ['a=1', 'b=2'] } }).session, {
      raw: 'a=1; b=2',
      cookies: { a: '1', b: '2' },
    });
  });
});

describe('event headers', () => {
  test('names are lower-case, repeated ones are lists', () => {
    assert.deepEqual(eventHeaders(['Host', 'h', 'X-A', '1', 'x-a', '2', 'X-A', '3']), {
      host: 'h',
      'x-a': ['1', '2', '3'],
    });
  });

  test('hop-by-hop headers and the admin token stay outside, authorization passes', () => {
    const raw = [...hopByHopHeaders, 'X-Fn-Admin-Token', '__proto__'].flatMap((name) => [name, 'v']);
    assert.deepEqual(eventHeaders([...raw, 'Authorization', 'Bearer x']), { authorization: 'Bearer x' });
  });

  test('the console session is cut out of the cookies', () => {
    assert.deepEqual(eventHeaders(['Cookie', 'a=1; fastfn_session=x.y; b=2']), { cookie: 'a=1; b=2' });
    assert.deepEqual(eventHeaders(['Cookie', 'fastfn_session=x.y']), {});
    assert.deepEqual(eventHeaders(['Cookie', 'fastfn_session=x', 'Cookie', 'a=1']), { cookie: 'a=1' });
    assert.deepEqual(eventHeaders(['Cookie', 'my_fastfn_session=x']), { cookie: 'my_fastfn_session=x' });
  });

  test('no header gets lost or reaches a prototype, whatever it is called', () => {
    const name = fc.stringMatching(/^[A-Za-z_-]{1,12}$/).filter((text) => text.toLowerCase() !== 'cookie');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(name, fc.constant('constructor')), fc.string())), (pairs) => {
        const headers = eventHeaders(pairs.flat());
        const kept = pairs.filter(([key]) => !hopByHopHeaders.has(key.toLowerCase()) && key !== '__proto__');
        assert.equal(Object.values(headers).flat().length, kept.length);
        assert.equal(Object.getPrototypeOf(headers), Object.prototype);
      }),
    );
  });
});
