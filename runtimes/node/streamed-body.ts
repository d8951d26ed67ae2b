// A request body that a handler reads while it arrives (`invoke.body_mode: "stream"`): a web ReadableStream of bytes. Promises
// that credit is given back only for what the handler has taken, so that a slow handler makes the client wait.

type Grant = (bytes: number) => void;

export class StreamedBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #grant: Grant;
  readonly #arrived: Buffer[] = [];
  #state: 'open' | 'whole' | 'dropped' = 'open';
  /** A reader waits for a piece. */
  #wanted = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /** @param grant told how many bytes the handler has taken */
  constructor(grant: Grant) {
    this.#grant = grant;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#wanted = true;
          this.#deliver();
        },
        cancel: () => this.#drop(),
      },
      // What is kept before it is asked for is kept here, where it holds back the sender.
      { highWaterMark: 0 },
    );
  }

  /** The bytes are copied. */
  add(bytes: Buffer): void {
    if (this.#state === 'dropped') {
      this.#grant(bytes.length);
      return;
    }
    this.#arrived.push(Buffer.from(bytes));
    this.#deliver();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'whole';
    this.#deliver();
  }

  /** No more will come; whoever reads hears why. Nothing happens to a body that has been read to its end. */
  fail(reason: unknown): void {
    if (this.#state === 'dropped') return;
    this.#drop();
    this.#controller?.error(reason);
  }

  #deliver(): void {
    if (this.#wanted) {
      const next = this.#arrived.shift();
      if (next !== undefined) {
        this.#wanted = false;
        this.#controller?.enqueue(next);
        this.#grant(next.length);
      }
    }
    if (this.#state !== 'whole' || this.#arrived.length > 0) return;
    this.#state = 'dropped';
    this.#controller?.close();
  }

  #drop(): void {
    this.#state = 'dropped';
    const left = this.#arrived.splice(0).reduce((sum, bytes) => sum + bytes.length, 0);
    if (left > 0) this.#grant(left);
  }
}
