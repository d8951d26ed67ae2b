// Requests whose length two parties could read differently (RFC 9112 11.2). Each is followed by a second one on the same
// connection: either both are read as they are meant, or the first is refused, the connection ends, and the second is never run.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { stillServes } from './support/hello-gateway.ts';
import { chunked, exchange, get, head, post } from './support/raw-http.ts';
import { type RecordingLog, recordingLog } from './support/recording-log.ts';
import { echoJs } from './support/tree.ts';

const hidden = get('/run?smuggled=1');
const length = (text: string) => `Content-Length: ${text}`;
const coding = (text: string) => `Transfer-Encoding: ${text}`;

describe('http smuggling', () => {
  let gateway: TestGateway;
  let log: RecordingLog;
  before(async () => {
    log = recordingLog();
    gateway = await startTestGateway(
      {
        'get.hello.js': "exports.handler = () => 'hello';\n",
        'get.echo.js': echoJs('echo'),
        'post.echo.js': echoJs('echo'),
        'get.run.js': "exports.handler = () => { console.log('it was run'); return 'run'; };\n",
      },
      {},
      log.log,
    );
    await stillServes(gateway);
  });
  after(() => gateway.close());
  const wasRun = () => log.saying('it was run').length > 0;

  const refused: Readonly<Record<string, string>> = {
    'CL.TE': `${post('/echo', length('6'), coding('chunked'))}0\r\n\r\n`,
    'TE.CL': `${post('/echo', coding('chunked'), length('4'))}5\r\nhello\r\n0\r\n\r\n`,
    'TE.TE, the second unknown': `${post('/echo', coding('chunked'), coding('x'))}0\r\n\r\n`,
    'TE.TE, the first unknown': `${post('/echo', coding('x'), coding('chunked'))}0\r\n\r\n`,
    'chunked and identity': `${post('/echo', coding('identity, chunked'), length('0'))}0\r\n\r\n`,
    'a coding of another name': `${post('/echo', coding('xchunked'))}0\r\n\r\n`,
    'a coding with a parameter': `${post('/echo', coding('chunked;q=1'))}0\r\n\r\n`,
    'a coding in quotes': `${post('/echo', coding('"chunked"'))}0\r\n\r\n`,
    'a blank before the colon': `${post('/echo', 'Transfer-Encoding : chunked')}0\r\n\r\n`,
    'a tab before the colon': `${post('/echo', 'Transfer-Encoding\t: chunked')}0\r\n\r\n`,
    'a folded coding': `${post('/echo', 'Transfer-Encoding:', ' chunked')}0\r\n\r\n`,
    'a coding behind a bare LF': `${post('/echo', 'X: a\nTransfer-Encoding: chunked')}0\r\n\r\n`,
    'a coding behind a bare CR': `${post('/echo', 'X: a\rTransfer-Encoding: chunked')}0\r\n\r\n`,
    'a length behind a bare LF': `${post('/echo', `X: a\n${length('5')}`)}hello`,
    'a zero byte in the coding': `${post('/echo', coding('chunked\0'))}0\r\n\r\n`,
    'two lengths': `${post('/echo', length('5'), length('0'))}hello`,
    'two lengths in one line': `${post('/echo', length('5, 0'))}hello`,
    'the same length twice in one line': `${post('/echo', length('5, 5'))}hello`,
    'a length with a blank inside': `${post('/echo', length('1 0'))}hello`,
    'a length with an underscore': `${post('/echo', length('1_0'))}hello`,
    'a length with a fraction': `${post('/echo', length('5.0'))}hello`,
    'a length in another script': `${post('/echo', length('\xd9\xa5'))}hello`,
    'a chunk size with a prefix': chunked('0x5\r\nhello\r\n0\r\n\r\n'),
    'a chunk size with a plus': chunked('+5\r\nhello\r\n0\r\n\r\n'),
    'a chunk size behind a blank': chunked(' 5\r\nhello\r\n0\r\n\r\n'),
    'a chunk size of nothing': chunked('\r\nhello\r\n0\r\n\r\n'),
    'a chunk that ends in LF': chunked('5\r\nhello\n0\r\n\r\n'),
    'a chunk that ends in two other bytes': chunked('5\r\nhelloXX0\r\n\r\n'),
    'a chunk extension with a bare LF': chunked('5;a\nhello\r\n0\r\n\r\n'),
    'a chunk extension with a bare CR': chunked('5;a\rb\r\nhello\r\n0\r\n\r\n'),
    'a last chunk that ends in LF': chunked('0\n\n'),
    'a trailer without a colon': chunked('0\r\nbroken\r\n\r\n'),
    'a trailer with a zero byte': chunked('0\r\nX: \0\r\n\r\n'),
    'a trailer that speaks of the length': chunked(`5\r\nhello\r\n0\r\n${length('99')}\r\n\r\n`),
    'a coding in HTTP/1.0 beside a length': `${head('POST /echo HTTP/1.0', 'Host: a', coding('chunked'), length('3'))}0\r\n\r\n`,
  };
  for (const [what, wire] of Object.entries(refused)) {
    test(`${what}: refused, and nothing behind it is run`, async () => {
      const { answers, closed } = await exchange(gateway.url, [wire + hidden], { count: 2, limitMs: 3000 });
      assert.deepEqual(
        answers.map(({ status }) => status),
        [400],
      );
      assert.ok(closed);
      await stillServes(gateway);
      assert.equal(wasRun(), false);
    });
  }

  for (const [what, wire, status] of [
    ['an answer that closes the connection', get('/hello', 'Connection: close'), 200],
    ['a refused body', `${post('/nope', coding('chunked'))}5\r\nhello\r\n0\r\n\r\n`, 404],
    ['an Expect that nobody can meet', get('/hello', 'Expect: miracles'), 417],
    ['HTTP/1.0', head('GET /hello HTTP/1.0', 'Host: a'), 200],
  ] as const) {
    test(`what is sent behind ${what} is not run`, async () => {
      const { answers, closed } = await exchange(gateway.url, [wire + hidden], { count: 2, limitMs: 3000 });
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      assert.ok(closed);
      await stillServes(gateway);
      assert.equal(wasRun(), false);
    });
  }

  test('what is malformed behind a good request is answered after it, not in its place', async () => {
    const { answers, closed } = await exchange(
      gateway.url,
      [`${get('/hello')}${get('/hello')}nonsense\r\n\r\n`],
      {
        count: 4,
      },
    );
    assert.deepEqual(
      answers.map(({ status, body }) => [status, status === 200 ? body : '']),
      [
        [200, 'hello'],
        [200, 'hello'],
        [400, ''],
      ],
    );
    assert.ok(closed);
    await stillServes(gateway);
  });

  const read: Readonly<Record<string, readonly [wire: string, body: string | null]>> = {
    'a chunked body': [chunked('5\r\nhello\r\n0\r\n\r\n'), 'hello'],
    'a coding in capitals': [`${post('/echo', coding('CHUNKED'))}5\r\nhello\r\n0\r\n\r\n`, 'hello'],
    'a chunk extension': [chunked('5;a="b"\r\nhello\r\n0;c\r\n\r\n'), 'hello'],
    'a chunk size with zeros in front': [chunked('0005\r\nhello\r\n000\r\n\r\n'), 'hello'],
    'a length with blanks around': [`${post('/echo', 'Content-Length:  5  ')}hello`, 'hello'],
    'a body of a GET': [`${get('/echo', length('5'))}hello`, 'hello'],
    'a body that looks like a request': [`${post('/echo', length(String(hidden.length)))}${hidden}`, hidden],
  };
  for (const [what, [wire, body]] of Object.entries(read)) {
    test(`${what}: read to its end, and the next request is the next`, async () => {
      const { answers } = await exchange(gateway.url, [wire + get('/hello')], { count: 2 });
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
      );
      assert.equal(JSON.parse(answers[0]?.body ?? '{}').event.body, body);
      assert.equal(answers[1]?.body, 'hello');
    });
  }
});
