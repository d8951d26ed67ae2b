// A small HTTP client for tests: sends a request target exactly as given (fetch would normalise it) and keeps
// repeated response headers apart.
import { type IncomingMessage, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Name, value, name, value … as they came. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  /** Parsed body; throws when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads any shape, and a wrong one fails its assertion.
  json(): any;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

/** Sends one request on a connection of its own; rejects after 20 s. */
export function ask(base: string, target: string, options: Ask = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      path: target,
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
      agent: false,
      timeout: 20_000,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    sent.on('response', (response) => collect(response).then(resolve, reject));
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${target} in 20 s`)));
    sent.on('error', reject);
    sent.end(options.body);
  });
}

async function collect(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    bytes,
    text: bytes.toString(),
    json: () => JSON.parse(bytes.toString()),
  };
}
