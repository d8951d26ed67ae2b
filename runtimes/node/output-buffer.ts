// Output of one invocation that was not sent yet.

export type OutputStream = 'stdout' | 'stderr';

export class OutputBuffer {
  stream: OutputStream = 'stdout';
  text = '';
  /** How much more it may print. */
  bytesLeft: number;
  cut = false;
  /** An unfinished line of it is to be sent when the turn ends. */
  waiting = false;

  constructor(bytesLeft: number) {
    this.bytesLeft = bytesLeft;
  }
}
