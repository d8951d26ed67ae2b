// A gateway with one function that says hello and one that echoes: for tests of what comes before a function.
import assert from 'node:assert/strict';
import { startTestGateway, type TestGateway } from './gateway.ts';
import { ask } from './http.ts';
import { echoJs } from './tree.ts';

/** GET /hello, GET and POST /echo; each has answered once. */
export async function startHelloGateway(
  variables: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const tree = {
    'get.hello.js': "exports.handler = () => 'hello';\n",
    'get.echo.js': echoJs('echo'),
    'post.echo.js': echoJs('echo'),
  };
  const gateway = await startTestGateway(tree, variables);
  await stillServes(gateway);
  for (const method of ['GET', 'POST']) await ask(gateway.url, '/echo', { method });
  return gateway;
}

export async function stillServes(gateway: TestGateway): Promise<void> {
  const answer = await ask(gateway.url, '/hello');
  assert.equal(answer.text, 'hello');
}
