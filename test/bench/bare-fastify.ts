// The named baseline: Fastify alone, same Node, no function, no socket, no jail.
import Fastify from 'fastify';

const app = Fastify({ logger: false, bodyLimit: 8 * 1024 * 1024 });
app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body));
app.get('/hello', () => ({ message: 'Hello, World' }));
app.post('/echo', (request, reply) => {
  reply.header('content-type', 'text/plain; charset=utf-8');
  return request.body;
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening on ${url}`);
process.once('SIGTERM', () => app.close().then(() => process.exit(0)));
