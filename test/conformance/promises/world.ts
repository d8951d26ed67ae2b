// One gateway that serves the program of every language, under the policies that the promises need, and questions to it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestGateway, type TestGateway } from '../../integration/support/gateway.ts';
import { type Answer, type Ask, ask } from '../../integration/support/http.ts';
import { type RecordingLog, recordingLog } from '../../integration/support/recording-log.ts';
import { StreamClient } from '../../integration/support/stream-client.ts';
import { type Language, languages, sourceOf } from './languages.ts';

/** Longest that the first build of a compiled program may take, ms. */
const buildLimitMs = 240_000;
const stateDir = join(import.meta.dirname, '../../../node_modules/.cache/fastfn-promises');

export const secret = 'hush-hush-7';
/** Below it a deadline cannot be set for languages that are compiled. */
export const deadlineMs = 400;

const env = JSON.stringify({ PROMISED: 'kept', PROMISED_SECRET: { value: secret, is_secret: true } });
/** Functions by what they are for; each is one process at most, so that state and order can be looked at. */
const kinds = {
  plain: {
    invoke: { methods: ['GET', 'POST'] },
    timeout_ms: 20_000,
    max_body_bytes: 4_194_304,
    include_debug_headers: true,
    limits: { output_kb: 64 },
  },
  brief: { timeout_ms: deadlineMs },
  named: { invoke: { handler: 'other' } },
  absent: { invoke: { handler: 'absent' } },
} as const;
export type Kind = keyof typeof kinds;

const pool = { max_workers: 1, max_queue: 4, queue_timeout_ms: 15_000 };

function tree(served: readonly Language[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const language of served) {
    for (const [kind, config] of Object.entries(kinds)) {
      // A wrong name is found by the compiler: such a function is never served.
      if (kind === 'absent' && isCompiled(language)) continue;
      const folder = `${kind}-${language.name}/[word]`;
      files[`${folder}/${language.file}`] = sourceOf(language);
      files[`${folder}/fn.config.json`] = JSON.stringify({ worker_pool: pool, ...config });
      files[`${folder}/fn.env.json`] = env;
    }
  }
  return files;
}

function isCompiled({ name }: Language): boolean {
  return name === 'rust' || name === 'go';
}

export class World {
  readonly gateway: TestGateway;
  readonly log: RecordingLog;

  private constructor(gateway: TestGateway, log: RecordingLog) {
    this.gateway = gateway;
    this.log = log;
  }

  static async open(): Promise<World> {
    const log = recordingLog();
    const served = languages.filter(({ missing }) => missing === false);
    const gateway = await startTestGateway(tree(served), { FN_STATE_DIR: stateDir }, log.log);
    const world = new World(gateway, log);
    try {
      for (const language of served) await world.#built(language);
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  async close(): Promise<void> {
    await this.gateway.close();
  }

  async #built(language: Language): Promise<void> {
    const subject = new Subject(this, language);
    const until = performance.now() + buildLimitMs;
    for (const kind of ['plain', 'brief', 'named'] as const) {
      for (;;) {
        const answer = await subject.call('nothing', {}, {}, kind);
        if (answer.status !== 503) break;
        const isUnderWay = answer.json().error === 'function is being built';
        assert.ok(isUnderWay && performance.now() < until, `${language.name} ${kind}: ${answer.text}`);
        await sleep(250);
      }
    }
  }
}

/** A language as its functions are seen by a client. */
export class Subject {
  readonly language: Language;
  readonly #world: World;

  constructor(world: World, language: Language) {
    this.#world = world;
    this.language = language;
  }

  call(
    name: string,
    query: Record<string, string> = {},
    options: Ask = {},
    kind: Kind = 'plain',
  ): Promise<Answer> {
    return ask(this.#world.gateway.url, this.#target(name, query, kind), options);
  }

  /** With a query as it stands in the address. */
  ask(query: string): Promise<Answer> {
    return ask(this.#world.gateway.url, `/plain-${this.language.name}/7?${query}`);
  }

  /** What a handler makes of a result that is written as JSON. */
  returns(value: string): Promise<Answer> {
    return this.call('returns', { value });
  }

  stream(name: string, query: Record<string, string> = {}, kind: Kind = 'plain'): StreamClient {
    return new StreamClient(this.#world.gateway.url, this.#target(name, query, kind));
  }

  /** Lines of this language's functions that hold `part`. */
  logged(part: string): number {
    const name = `-${this.language.name}/`;
    return this.#world.log
      .saying(part)
      .filter((line) => (line as { readonly function?: string }).function?.includes(name)).length;
  }

  /** Failures that the log tells of with these words. */
  failures(words: string): number {
    const name = `-${this.language.name}/`;
    return this.#world.log.saying('handler failed').filter((line) => {
      const { function: key = '', error } = line as { readonly function?: string; readonly error?: unknown };
      return key.includes(name) && String(error).includes(words);
    }).length;
  }

  #target(name: string, query: Record<string, string>, kind: Kind): string {
    return `/${kind}-${this.language.name}/7?${new URLSearchParams({ case: name, ...query })}`;
  }
}
