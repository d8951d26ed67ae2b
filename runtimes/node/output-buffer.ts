// Output of one invocation that was not sent yet.

export type OutputStream = 'stdout' | 'stderr';

export class OutputBuffer {
  stream: OutputStream = 'stdout';
  text = '';
  /** How much more it may print. */
  bytesLeft: number;
  cut = false;

  constructor(bytesLeft: number) {
    this.bytesLeft = bytesLeft;
  }
}
