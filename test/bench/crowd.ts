// What a crowd costs the others: throughput and tail latency of one function while 5,000 connections stand idle, and while 200
// clients send their requests a byte at a time, against the same gateway without them. And the edge proxy against its upstream.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyLoad, type LoadResult } from './load.ts';
import { type BenchRow, median } from './row.ts';
import type { Server } from './servers.ts';
import type { Plan } from './throughput.ts';

const connections = 64;
const idleConnections = 5_000;
const slowClients = 200;

export async function measureCrowd(gateway: Server, plan: Plan): Promise<BenchRow[]> {
  const { hostname, port } = new URL(gateway.url);
  const place = { host: hostname, port: Number(port) };
  const idle = () => openMany(idleConnections, place);
  const slow = async () => {
    const crowd = await openMany(slowClients, place);
    for (const socket of crowd) dribble(socket);
    return crowd;
  };
  const rows: BenchRow[] = [];
  for (const [who, gather] of [
    [`${idleConnections} idle connections`, idle],
    [`${slowClients} slow clients`, slow],
  ] as const) {
    const pairs: { with: LoadResult; without: LoadResult }[] = [];
    for (let round = 0; round < plan.rounds; round++) {
      const without = await load(gateway.url, plan);
      const crowd = await gather();
      pairs.push({ with: await load(gateway.url, plan), without });
      for (const socket of crowd) socket.destroy();
      await sleep(500);
    }
    rows.push(row(`throughput with ${who}`, pairs, 'requestsPerSecond', 'req/s'));
    rows.push(row(`99th percentile with ${who}`, pairs, 'p99Ms', 'ms'));
  }
  return rows;
}

/** `/proxied` passes `/hello` of the bare server through. */
export async function measureProxy(gateway: Server, bare: Server, plan: Plan): Promise<BenchRow> {
  const pairs: { with: LoadResult; without: LoadResult }[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const through = await applyLoad({
      url: `${gateway.url}/proxied`,
      connections,
      seconds: plan.seconds,
      bodyBytes: 0,
    });
    pairs.push({ with: through, without: await load(bare.url, plan, '/hello') });
  }
  return row('edge proxy, against its upstream', pairs, 'requestsPerSecond', 'req/s');
}

function load(url: string, plan: Plan, path = '/node-hello'): Promise<LoadResult> {
  return applyLoad({ url: url + path, connections, seconds: plan.seconds, bodyBytes: 0 });
}

function row(
  what: string,
  pairs: readonly { with: LoadResult; without: LoadResult }[],
  figure: 'requestsPerSecond' | 'p99Ms',
  unit: string,
): BenchRow {
  const shown = (values: readonly number[]) => `${median(values).toFixed(unit === 'ms' ? 1 : 0)} ${unit}`;
  const ours = pairs.map((pair) => pair.with[figure]);
  const base = pairs.map((pair) => pair.without[figure]);
  return {
    what,
    connections,
    ours: shown(ours),
    baseline: `${shown(base)} (without)`,
    ratios: ours.map((value, index) => value / (base[index] ?? Number.NaN)),
    failures: pairs.reduce((sum, pair) => sum + pair.with.failures + pair.without.failures, 0),
  };
}

async function openMany(count: number, place: { host: string; port: number }): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(250, count - sockets.length) }, () => open(place));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

function open(place: { host: string; port: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(place, () => resolve(socket));
    socket.on('error', reject);
  });
}

/** One byte of a request every 100 ms, until the gateway has had enough of it. */
function dribble(socket: Socket): void {
  const text = `GET /node-hello HTTP/1.1\r\nHost: bench\r\nX-Slow: ${'x'.repeat(10_000)}`;
  let sent = 0;
  socket.on('error', () => {});
  const timer = setInterval(() => socket.write(text[sent++] ?? 'x'), 100);
  socket.once('close', () => clearInterval(timer));
}
