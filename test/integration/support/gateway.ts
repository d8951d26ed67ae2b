// A whole gateway inside the test's process: real discovery, real launchers, real jailed workers, a free port.
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveLayout } from '../../../src/config/layout.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { hostSources, processEnvironment } from '../../../src/config/process-sources.ts';
import { createGateway, type WorkerSnapshot } from '../../../src/gateway.ts';
import { type Log, silentLog } from '../../../src/log.ts';
import type { Capabilities } from '../../../src/sandbox/capabilities.ts';
import { makeTree, removeTree, type Tree } from './tree.ts';

export interface TestGateway {
  readonly url: string;
  /** Functions root. */
  readonly root: string;
  readonly socketDir: string;
  workers(): readonly WorkerSnapshot[];
  reload(): Promise<void>;
  /** Ends the gateway and removes its folders; safe to call twice. */
  close(): Promise<void>;
}

export interface TestHost {
  /** What the kernel is taken to offer; default: what it does offer. */
  readonly capabilities?: Capabilities;
  /** Mode of the functions root; mkdtemp's own is 0700. */
  readonly rootMode?: number;
  /** Who plans builds; default: those of the product. */
  readonly planners?: Parameters<typeof createGateway>[4];
}

/** Serves `tree` with the given `FN_*` variables on top of a quiet default. */
export async function startTestGateway(
  tree: Tree,
  variables: Readonly<Record<string, string>> = {},
  log: Log = silentLog,
  host: TestHost = {},
): Promise<TestGateway> {
  const root = makeTree(tree);
  if (host.rootMode !== undefined) chmodSync(root, host.rootMode);
  const sockets = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-sock-')));
  const environment = {
    PATH: processEnvironment()['PATH'],
    FN_SOCKET_BASE_DIR: sockets,
    FN_HOT_RELOAD: '0',
    // The test shares its event loop with the gateway, and may keep it busy.
    FN_HTTP_MAX_LOOP_DELAY_MS: '0',
    ...variables,
  };
  const clean = (): void => {
    removeTree(root);
    rmSync(sockets, { recursive: true, force: true });
  };
  const layout = resolveLayout();
  const loaded = await loadConfig({
    ...hostSources({ environment, cwd: root, terminal: false }, layout.node),
    mode: 'serve',
    argument: root,
    flags: { port: '0' },
  });
  if (!('config' in loaded)) {
    clean();
    throw new Error(`cannot configure: ${JSON.stringify(loaded.faults)}`);
  }
  const gateway = await createGateway(loaded.config, layout, log, host.capabilities, host.planners).catch(
    (error) => {
      clean();
      throw error;
    },
  );
  const { url } = await gateway.listen();
  return {
    url,
    root,
    socketDir: loaded.config.sockets.baseDir,
    workers: () => gateway.workers(),
    reload: () => gateway.reload(),
    close: async () => {
      await gateway.close('test');
      clean();
    },
  };
}
