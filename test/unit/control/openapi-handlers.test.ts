import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startControl } from './support.ts';

const docs = { publicBaseUrl: null, includeInternal: false, adminOnly: false };

async function started(settings: object = {}) {
  return startControl({ settings: { docs, ...settings } });
}

test('openapi endpoint: both addresses give the same document, with a tag that saves sending it twice', async () => {
  const control = await started();
  const one = await control.ask('/_fn/openapi.json');
  const two = await control.ask('/openapi.json');
  assert.equal(one.status, 200);
  assert.equal(one.text, two.text);
  assert.match(String(one.headers['content-type']), /^application\/json/);
  assert.ok(one.json().paths['/hello']);
  const again = await control.ask('/openapi.json', {
    headers: { 'if-none-match': `"x", ${one.headers.etag}` },
  });
  assert.equal(again.status, 304);
  assert.equal(again.text, '');
  await control.close();
});

test('openapi endpoint: a host that nobody vouches for is not repeated', async () => {
  const control = await started();
  const server = async (headers: Record<string, string>) =>
    (await control.ask('/openapi.json', { headers })).json().servers[0].url;
  assert.equal(await server({}), 'http://localhost:8080');
  assert.equal(await server({ host: '127.0.0.1:8080' }), 'http://127.0.0.1:8080');
  assert.equal(await server({ host: 'evil.example' }), '/');
  assert.equal(await server({ 'x-forwarded-host': 'evil.example' }), 'http://localhost:8080');
  await control.close();
});

test('openapi endpoint: the operator’s own address wins', async () => {
  const control = await started({ docs: { ...docs, publicBaseUrl: 'https://api.example.org/v1' } });
  assert.equal((await control.ask('/openapi.json')).json().servers[0].url, 'https://api.example.org/v1');
  const { headers } = await control.ask('/_fn/docs');
  assert.match(String(headers['content-security-policy']), /connect-src 'self' https:\/\/api\.example\.org;/);
  await control.close();
});

test('openapi endpoint: switched off, all of it is not found', async () => {
  const control = await started({ docsEnabled: false });
  for (const path of ['/openapi.json', '/_fn/openapi.json', '/_fn/docs', '/_fn/docs/start.js']) {
    const { status, json } = await control.ask(path);
    assert.equal(status, 404);
    assert.equal(json().error, 'docs disabled');
  }
  await control.close();
});

test('openapi endpoint: for the operator only where that is asked for', async () => {
  const control = await started({ docs: { ...docs, adminOnly: true } });
  assert.equal((await control.ask('/openapi.json')).status, 200);
  assert.equal((await control.ask('/openapi.json', { from: '203.0.113.9' })).status, 403);
  assert.equal((await control.ask('/_fn/docs', { from: '203.0.113.9' })).status, 403);
  await control.close();
});

test('openapi endpoint: the control plane is listed where that is asked for', async () => {
  const control = await started({ docs: { ...docs, includeInternal: true } });
  assert.ok((await control.ask('/openapi.json')).json().paths['/_fn/health']);
  await control.close();
});

test('docs page: everything it loads comes from here, and its policy allows nothing else', async () => {
  const control = await started();
  const page = await control.ask('/_fn/docs', { from: '203.0.113.9' });
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((found) => found[1] ?? '');
  assert.ok(loaded.length >= 4);
  for (const path of loaded) {
    assert.ok(path.startsWith('/_fn/'), path);
    assert.equal((await control.ask(path)).status, 200, path);
  }
  assert.doesNotMatch(page.text, /<script>|https?:\/\/|onload/);
  await control.close();
});

test('docs page: files are compressed for those who take it, and others are not there', async () => {
  const control = await started();
  const { headers } = await control.ask('/_fn/docs/swagger-ui.css', {
    headers: { 'accept-encoding': 'br, gzip' },
  });
  assert.equal(headers['content-encoding'], 'gzip');
  assert.equal(headers.vary, 'Accept-Encoding');
  const plain = await control.ask('/_fn/docs/swagger-ui.css', { headers: { 'accept-encoding': 'gzip;q=0' } });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.match(plain.text, /swagger-ui/);
  for (const name of ['package.json', '../package.json', '..%2fpackage.json', 'swagger-ui.js', 'constructor'])
    assert.equal((await control.ask(`/_fn/docs/${name}`)).status, 404, name);
  await control.close();
});
