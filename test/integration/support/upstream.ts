// A server for the edge proxy to ask: records every request, and behaves badly where its path says so.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** Lower-case names and values in turn. */
  readonly lines: readonly string[];
  readonly body: string;
  header(name: string): string | undefined;
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export interface Upstream {
  readonly seen: SeenRequest[];
  readonly port: number;
  readonly url: string;
  /** Connections opened until now. */
  connections(): number;
  close(): void;
}

/** Listens on loopback. A path without a behaviour answers with what it was asked, as JSON. */
export async function startUpstream(
  behaviours: Readonly<Record<string, Behaviour>> = {},
  tls?: { readonly cert: string; readonly key: string },
): Promise<Upstream> {
  const seen: SeenRequest[] = [];
  const listener: RequestListener = async (request, response) => {
    // A request that is broken off is no request.
    const record = await recordOf(request).catch(() => null);
    if (record === null) return;
    seen.push(record);
    if (record.url === '/length') {
      response.end(String(record.body.length));
      return;
    }
    const behave = behaviours[record.url.split('?', 1)[0] ?? ''];
    if (behave !== undefined) behave(request, response);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(record));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  let connections = 0;
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    port,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    connections: () => connections,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function recordOf(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = '', url = '', rawHeaders } = request;
  const lines = rawHeaders.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
  return {
    ...{ method, url, lines },
    body: Buffer.concat(chunks).toString('latin1'),
    header: (name) => lines[lines.findIndex((line, index) => index % 2 === 0 && line === name) + 1],
  };
}
