// Standard input as a whole, within bounds.

import { CommandFailure, exitStatus } from './cli-context.ts';

/** @throws CommandFailure beyond `maxBytes` */
export async function readStandardInput(maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxBytes)
      throw new CommandFailure(`cannot use more than ${maxBytes} bytes of input`, exitStatus.usage);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
