// A gateway whose builds are shell scripts (script-planner.ts), and what tests of builds ask of it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';
import { type Answer, ask } from './http.ts';
import { recordingLog } from './recording-log.ts';
import { scriptPlanners } from './script-planner.ts';
import type { Tree } from './tree.ts';

export interface Started {
  readonly gateway: TestGateway;
  /** How many builds have begun. */
  builds(): number;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  becomes(path: string, status: number, text: string | RegExp, limitMs?: number): Promise<void>;
}

export async function startBuilding(
  context: TestContext,
  tree: Tree,
  variables: Readonly<Record<string, string>> = {},
  rootMode?: number,
): Promise<Started> {
  const { log, saying } = recordingLog();
  const gateway = await startTestGateway(tree, variables, log, {
    planners: scriptPlanners,
    ...(rootMode === undefined ? {} : { rootMode }),
  });
  context.after(() => gateway.close());
  const get = (path: string, headers: Record<string, string> = {}) => ask(gateway.url, path, { headers });
  const becomes = (path: string, status: number, text: string | RegExp, limitMs?: number) =>
    eventually(async () => {
      const answer = await get(path);
      assert.equal(answer.status, status, answer.text);
      if (typeof text === 'string') assert.equal(answer.text, text);
      else assert.match(answer.text, text);
    }, limitMs);
  return { gateway, builds: () => saying('a build begins').length, get, becomes };
}

/** Processes that sleep for so long: a length that no other test uses. */
export function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid) === `sleep\0${mark}\0`)
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export const healthOf = async ({ get }: Started) => (await get('/_fn/health')).json();
