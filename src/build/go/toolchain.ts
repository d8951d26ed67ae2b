// The Go toolchain of the host: where its root is and which version it has, asked once per program.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { askTool } from '../ask-tool.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';

export interface GoToolchain {
  /** The program itself, not a version manager's stand-in for it. */
  readonly go: string;
  /** GOROOT: all that a build reads of the host. */
  readonly root: string;
  readonly version: string;
}

/** contract/dependencies.md 6. */
const probeTimeoutMs = 5_000;

const known = new WeakMap<BuildTools, Promise<GoToolchain>>();

/** @throws PlanFault when there is no Go, or one that lacks its standard library */
export function findGo(tools: BuildTools): Promise<GoToolchain> {
  const before = known.get(tools);
  if (before !== undefined) return before;
  const found = probe(tools);
  known.set(tools, found);
  // What is missing may be installed while we run.
  found.catch(() => known.delete(tools));
  return found;
}

async function probe(tools: BuildTools): Promise<GoToolchain> {
  const state = await tools.find('FN_GO_BIN');
  if (!state.found) throw new PlanFault(notFoundText(state.reason));
  const answer = await askTool({
    file: state.path,
    args: ['env', 'GOROOT'],
    env: { GOTOOLCHAIN: 'local', GOENV: 'off', GOFLAGS: '' },
    timeoutMs: probeTimeoutMs,
  });
  const root = answer.ok ? answer.stdout.trim() : '';
  const go = join(root, 'bin/go');
  if (root === '' || !existsSync(join(root, 'src/unsafe')) || !existsSync(go))
    throw new PlanFault('go found in PATH but toolchain is unhealthy: it has no standard library');
  return { go, root, version: state.version };
}

function notFoundText(reason: string): string {
  return reason === 'not found' ? 'go not found in PATH' : `go cannot be used: ${reason}`;
}
