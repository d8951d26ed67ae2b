// One call on a worker's connection whose answer is a text: what a run of attacks needs of a call, without a gateway
// around it.

import type { WorkerConnection } from '../protocol/connection.ts';

/**
 * Does not settle when the worker ends first: whoever started it hears of that.
 * @throws Error when the handler fails or answers with something else
 */
export function callWorker(
  connection: WorkerConnection,
  limitMs: number,
): Promise<{ readonly text: string }> {
  return new Promise((resolve, reject) => {
    connection.invoke(
      { remainingMs: limitMs, event: '{}', body: null },
      {
        result: ({ body }) => {
          if (body.kind === 'bytes') resolve({ text: body.bytes.toString() });
          else if (body.kind === 'text') resolve({ text: body.text });
          else reject(new Error('cannot use an answer that is no text'));
        },
        error: ({ detail }) => reject(new Error(`cannot call the handler: ${detail}`)),
        lost: () => {},
        chunk: () => {},
        bodyEnd: () => {},
        log: () => {},
      },
    );
  });
}
