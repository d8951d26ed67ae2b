// Reads the body of a control-plane request into memory, up to the limit of its row.

import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';

/**
 * null when there is none. What comes beyond the limit is thrown away, so that the client gets to read its answer.
 * @throws GatewayError payload_too_large, client_closed
 */
export function readRequestBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) {
    request.resume();
    return Promise.reject(new GatewayError('payload_too_large'));
  }
  if (declared === 0 && request.headers['transfer-encoding'] === undefined) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(new GatewayError('payload_too_large'));
      }
    });
    request.on('end', () => resolve(size === 0 ? null : Buffer.concat(chunks)));
    const gone = (): void => reject(new GatewayError('client_closed'));
    request.on('error', gone);
    request.on('close', gone);
  });
}
