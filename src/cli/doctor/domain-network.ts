// The network questions that `doctor domains` asks, each bounded in time; bodies are never read.

import { Resolver } from 'node:dns/promises';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { connect } from 'node:tls';

export interface DomainNetwork {
  /** IPv4 and IPv6 addresses; rejects when there are none of either. */
  addresses(host: string): Promise<readonly string[]>;
  /** End of the certificate's validity; rejects when no trusted TLS connection comes about. */
  certificateEnd(host: string): Promise<Date>;
  /** Status and `Location` of one GET, redirects not followed. */
  request(url: string): Promise<{ readonly status: number; readonly location: string }>;
}

const timeoutMs = 5000;

export const hostNetwork: DomainNetwork = { addresses, certificateEnd, request };

async function addresses(host: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const [first] = answers;
  if (found.length > 0) return found;
  throw first.status === 'rejected' ? first.reason : new Error('no address');
}

function certificateEnd(host: string): Promise<Date> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 443, servername: host, timeout: timeoutMs }, () => {
      const end = new Date(socket.getPeerCertificate().valid_to);
      socket.destroy();
      resolve(end);
    });
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    socket.once('error', reject);
  });
}

function request(url: string): Promise<{ status: number; location: string }> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? httpsGet : httpGet;
    const sent = get(url, { agent: false, timeout: timeoutMs }, (answer) => {
      sent.destroy();
      resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '' });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.once('error', reject);
  });
}
