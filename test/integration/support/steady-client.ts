// Asks without a pause until it is stopped, over one kept connection or a new one each time; whatever is not 200 is kept.
import { Agent, request } from 'node:http';

export class SteadyClient {
  readonly answers = new Map<string, number>();
  readonly failures: string[] = [];
  readonly #agent: Agent;
  readonly #url: string;
  #stopped = false;
  readonly #running: Promise<void>;

  /** @param keepAlive false: a new connection for each request */
  constructor(url: string, keepAlive = true) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive, maxSockets: 1 });
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { status, text } = await this.#once().catch((error: Error) => ({
        status: 0,
        text: error.message,
      }));
      if (status === 200) this.answers.set(text, (this.answers.get(text) ?? 0) + 1);
      else this.failures.push(`${status} ${text}`);
    }
  }

  #once(): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      request(this.#url, { agent: this.#agent }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      })
        .on('error', reject)
        .end();
    });
  }
}
