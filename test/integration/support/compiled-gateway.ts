// A gateway with functions that are compiled before they answer. Downloads and compiled libraries are kept between runs, as a
// gateway keeps them between its own; what was made of the functions is not, so that each run compiles them.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildState } from '../../conformance/compiled-worker.ts';
import { eventually } from './eventually.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';
import { type Answer, type Ask, ask } from './http.ts';
import { recordingLog } from './recording-log.ts';
import { registryVariables } from './registries.ts';
import { openFolders, type Tree, writeTree } from './tree.ts';

/** A first build on a busy host, ms. */
const patienceMs = 150_000;

export class CompiledGateway {
  readonly recorded = recordingLog();
  #gateway: TestGateway | null = null;

  /** @param variables beside those that lead to the kept state and the registries */
  async start(tree: Tree, variables: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = { ...registryVariables, FN_STATE_DIR: buildState, ...variables };
    this.#gateway = await startTestGateway(tree, all, this.recorded.log);
  }

  close = async (): Promise<void> => {
    await this.#gateway?.close();
    this.#gateway = null;
  };

  get gateway(): TestGateway {
    assert.ok(this.#gateway !== null);
    return this.#gateway;
  }

  /** The first answer that is not "is being built". */
  async answer(target: string, options: Ask = {}): Promise<Answer> {
    return eventually(async () => {
      const answer = await ask(this.gateway.url, target, options);
      assert.ok(answer.headers['retry-after'] === undefined, answer.text);
      return answer;
    }, patienceMs);
  }

  async json(target: string, options: Ask = {}): Promise<unknown> {
    const { status, text } = await this.answer(target, options);
    assert.equal(status, 200, text);
    return JSON.parse(text);
  }

  /** Waits until what was changed is what answers. */
  async eventually(target: string, text: string): Promise<void> {
    await eventually(async () => assert.equal((await this.answer(target)).text, text), patienceMs);
  }

  /** Writes files as an editor would and lets the gateway look. */
  async change(tree: Tree): Promise<void> {
    writeTree(this.gateway.root, tree);
    await this.gateway.reload();
  }

  builds(): number {
    return this.recorded.lines.filter((line) => 'event' in line && line.event === 'deps_install_start')
      .length;
  }
}

/** Takes away what was made of functions of the language in other runs. */
export function forgetPrograms(language: 'go' | 'rust'): void {
  const folder = join(buildState, 'deps', language);
  mkdirSync(folder, { recursive: true });
  openFolders(folder);
  rmSync(folder, { recursive: true });
}

/** What holds alike for the behaviour `compiled` in every language. */
export function testEveryCompiled(subject: CompiledGateway): void {
  test('output is told, and answers stream', async () => {
    const printed = await subject.answer('/all?case=prints');
    assert.match(String(printed.headers['x-fn-stdout']), /^one two/);
    const events = await subject.answer('/all?case=stream-envelope');
    assert.deepEqual(
      [events.status, events.headers['content-type'], events.text],
      [201, 'text/event-stream', 'one,two'],
    );
    assert.equal((await subject.answer('/all?case=reader')).bytes.length, 700_000);
  });

  test('the jail holds: no program, no file of the host, no secret, no folder of its own to write to', async () => {
    const folder = join(subject.gateway.root, 'all');
    const met = (await subject.json('/all?case=reach', { method: 'POST', body: folder })) as object;
    assert.ok(Object.keys(met).length >= 7);
    assert.deepEqual(new Set(Object.values(met)), new Set(['refused']), JSON.stringify(met));
  });
}
