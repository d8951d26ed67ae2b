// The functions that `npm start` serves, each called as its comment says, in all six languages; for every form of the product.
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inflateSync } from 'node:zlib';
import { type Answer, type Ask, ask } from './http.ts';

const repository = join(import.meta.dirname, '../../..');
const readme = readFileSync(join(repository, 'README.md'), 'utf8');
/** Longest that the first build of a compiled example may take. */
const buildLimitMs = 240_000;
/** What was compiled once is found again by the next run. */
export const exampleState = join(repository, 'node_modules/.cache/fastfn-examples');

export interface ServedExamples {
  readonly url: string;
  close(): Promise<void>;
}

export function examples(): Record<string, string> {
  const root = join(repository, 'fixtures/functions');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.startsWith('.') && statSync(join(root, path)).isFile(),
  );
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** Checks all of them on a gateway that `open` starts. */
export function describeExamples(name: string, open: () => Promise<ServedExamples>): void {
  let gateway: ServedExamples;
  /** Where each example is shown to users. */
  const shown = new Set<string>();

  function call(target: string, options?: Ask): Promise<Answer> {
    shown.add(`/${target.split(/[/?@]/)[1]}`);
    return ask(gateway.url, target, options);
  }

  /** An example whose language this host lacks says so; a compiled one is waited for. */
  async function served(target: string): Promise<Answer | null> {
    const until = performance.now() + buildLimitMs;
    for (;;) {
      const answer = await call(target);
      if (answer.status !== 503) return answer;
      const { code } = answer.json();
      if (code === 'runtime_down') return null;
      assert.equal(code, 'not_built', answer.text);
      assert.ok(performance.now() < until, answer.text);
      await sleep(500);
    }
  }

  describe(name, () => {
    before(async () => {
      gateway = await open();
    });
    after(() => gateway.close());

    test('hello and greet greet', async () => {
      assert.deepEqual((await call('/hello?name=Ada')).json(), { message: 'Hello, Ada' });
      const answer = await call('/greet?name=Ada', { headers: { 'accept-language': 'fr-CH, fr;q=0.9' } });
      assert.deepEqual(answer.json(), { message: 'Bonjour, Ada!', language: 'fr' });
    });

    test('users: a list, one of them by parameter, none; the same at an older address by the manifest', async () => {
      assert.equal((await call('/users')).json().length, 2);
      assert.deepEqual((await call('/users/2')).json(), { id: '2', name: 'Grace Hopper' });
      assert.equal((await call('/users/9')).status, 404);
      assert.deepEqual((await call('/api/v1/people/2')).json(), { id: '2', name: 'Grace Hopper' });
    });

    test('weather: a forecast that may be kept for a minute', async () => {
      const answer = await call('/weather/Oslo');
      assert.deepEqual([answer.json().city, answer.headers['cache-control']], ['Oslo', 'max-age=60']);
      assert.equal((await call(`/weather/${'x'.repeat(81)}`)).status, 400);
    });

    test('orders: TypeScript that checks what it is sent', async () => {
      const order = (body: string) => call('/orders', { method: 'POST', body });
      const accepted = await order('{"item":"tea","quantity":2}');
      assert.deepEqual([accepted.status, accepted.headers.location], [201, '/orders/tea']);
      assert.equal((await order('{"item":"tea"}')).status, 400);
    });

    test('account: nobody without the token', async () => {
      const account = (authorization?: string) =>
        call('/account', authorization === undefined ? {} : { headers: { authorization } });
      assert.deepEqual((await account('Bearer demo-token')).json(), { name: 'Ada Lovelace', plan: 'team' });
      for (const wrong of [undefined, 'Bearer demo-toke', 'Bearer', 'Basic demo-token', '']) {
        const answer = await account(wrong);
        assert.deepEqual(
          [answer.status, answer.headers['www-authenticate']],
          [401, 'Bearer'],
          wrong ?? 'none',
        );
      }
    });

    test('webhooks: what is signed is taken once, anything else is refused', async () => {
      const send = (body: string | Buffer, secret = 'demo-secret') => {
        const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
        return call('/webhooks/payments', {
          method: 'POST',
          body,
          headers: { 'x-signature-256': signature },
        });
      };
      const body = '{"id":"p-1","amount":1200}';
      assert.deepEqual((await send(body)).json(), { id: 'p-1', status: 'accepted' });
      assert.deepEqual((await send(body)).json(), { id: 'p-1', status: 'already seen' });
      assert.equal((await send(body, 'another secret')).status, 401);
      assert.equal((await call('/webhooks/payments', { method: 'POST', body })).status, 401);
      assert.equal((await send('[]')).status, 400);
      assert.equal((await send(Buffer.from([0xff, 0xfe]))).status, 400, 'signed, but no JSON');
    });

    test('uploads: a large file passes through, and one that is too large does not', async () => {
      const body = Buffer.alloc(5_000_000, 'binary \xff');
      const headers = { 'content-type': 'image/png' };
      const answer = await call('/uploads/photo.png', { method: 'POST', body, headers });
      const sha256 = createHash('sha256').update(body).digest('hex');
      assert.equal(answer.status, 201, answer.text);
      assert.deepEqual(answer.json(), { name: 'photo.png', bytes: body.length, sha256, type: 'image/png' });
      assert.equal((await call('/uploads/none', { method: 'POST' })).status, 400);
      const large = { method: 'POST', body: Buffer.alloc(10_485_761) };
      assert.equal((await call('/uploads/large', large)).status, 413);
    });

    test('events: a tick a second, as an EventSource reads them', async () => {
      const answer = await call('/events/clock?count=2');
      assert.equal(answer.headers['content-type'], 'text/event-stream');
      assert.match(answer.text, /^id: 1\nevent: tick\ndata: \{"time": "[^"]+"\}\n\nid: 2\nevent: tick\n/);
      assert.equal((await call('/events/clock?count=0')).status, 400);
    });

    test('reports: rows as CSV, to be saved as a file', async (context) => {
      const answer = await served('/reports/sales?year=2025');
      if (answer === null) return context.skip('no PHP on this host');
      assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8');
      assert.equal(answer.headers['content-disposition'], 'attachment; filename="sales-2025.csv"');
      const rows = [
        'year,region,product,units',
        '2025,North,"Tea, green",1430',
        '2025,South,"Coffee ""Dark""",880',
      ];
      assert.equal(answer.text, rows.join('\n'));
      assert.equal((await call('/reports/sales')).text.split('\n').length, 4);
      assert.equal((await call('/reports/sales?year=25')).status, 400);
    });

    test('quote: two versions side by side', async () => {
      assert.deepEqual((await served('/quote?quantity=30'))?.json(), {
        quantity: 30,
        total: 135,
        currency: 'EUR',
      });
      const discounted = (await served('/quote@v2?quantity=30'))?.json();
      assert.deepEqual([discounted.discount_percent, discounted.total], [5, 128.25]);
      for (const target of ['/quote?quantity=0', '/quote?quantity=x', '/quote@v2?quantity=1.5']) {
        assert.equal((await call(target)).status, 400, target);
      }
    });

    test('wiki: a catch-all takes the rest of the path', async () => {
      const page = (await served('/wiki/animals/big-cats'))?.json();
      assert.equal(page.page, 'animals/big-cats');
      assert.deepEqual(page.trail, [
        { title: 'Animals', path: '/wiki/animals' },
        { title: 'Big cats', path: '/wiki/animals/big-cats' },
      ]);
    });

    test('avatars: a picture that is the same for the same name', {
      timeout: buildLimitMs + 10_000,
    }, async (context) => {
      const answer = await served('/avatars/ada');
      if (answer === null) return context.skip('no Go on this host');
      assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'image/png'], answer.text);
      assert.ok(answer.bytes.subarray(1, 4).equals(Buffer.from('PNG')));
      assert.deepEqual([answer.bytes.readUInt32BE(16), answer.bytes.readUInt32BE(20)], [120, 120]);
      const start = answer.bytes.indexOf('IDAT') + 4;
      assert.ok(
        inflateSync(answer.bytes.subarray(start)).length >= (120 / 8) * 120,
        'its pixels can be read',
      );
      assert.ok((await call('/avatars/ada')).bytes.equals(answer.bytes));
      assert.ok(!(await call('/avatars/grace')).bytes.equals(answer.bytes));
      assert.equal((await call(`/avatars/${'x'.repeat(101)}`)).status, 400);
    });

    test('distance: between two places on earth', { timeout: buildLimitMs + 10_000 }, async (context) => {
      const answer = await served('/distance?from=52.52,13.40&to=48.86,2.35');
      if (answer === null) return context.skip('no Rust on this host');
      assert.equal(answer.status, 200, answer.text);
      const { kilometres } = answer.json();
      assert.ok(Math.abs(kilometres - 877) < 3, String(kilometres));
      for (const bad of ['', '?from=1,2', '?from=1,2&to=91,0', '?from=a,b&to=1,2']) {
        assert.equal((await call(`/distance${bad}`)).status, 400, bad);
      }
    });

    test('nothing is wrong with their files, and the README shows each of them', async () => {
      const { faults } = (await ask(gateway.url, '/_fn/health')).json();
      assert.deepEqual(faults, []);
      for (const target of shown) {
        if (target !== '/api') assert.ok(readme.includes(target), `README does not show ${target}`);
      }
    });
  });
}
