// A worker that runs one call at a time is handed the next ones ahead: they come mixed with what the first still gets.

import assert from 'node:assert/strict';
import { sampleEvent, type WorkerProcess } from './harness.ts';

/** Needs the behaviour `echo-event`. */
export async function checkCallsAhead(worker: WorkerProcess): Promise<void> {
  const ids = [101, 102, 103];
  const answers = ids.map((id) => worker.expect(id));
  const invoke = (id: number, kind: 'stream' | 'none') =>
    worker.send({
      type: 'invoke',
      id,
      remaining_ms: 5000,
      event: sampleEvent({ id: `call-${id}` }),
      body: kind === 'none' ? { kind } : { kind, bytes: 2 },
    });
  const chunk = (id: number, text: string) => worker.sendChunk(id, Buffer.from(text));
  invoke(101, 'stream');
  invoke(102, 'stream');
  chunk(102, '2');
  invoke(103, 'none');
  chunk(101, '1');
  chunk(102, '2');
  chunk(102, '');
  chunk(101, '1');
  chunk(101, '');
  const seen = (await Promise.all(answers)).map(({ body }) => {
    const { event }: { event: Record<string, unknown> } = JSON.parse(body.toString());
    return [event.id, event.body];
  });
  assert.deepEqual(seen, [
    ['call-101', '11'],
    ['call-102', '22'],
    ['call-103', null],
  ]);
  const order = worker.messages.flatMap((message) => (message.type === 'result' ? [message.id] : []));
  assert.deepEqual(order, ids);
}
