// What the control plane remembers: switches, sessions, failed logins, the audit log, and of these what outlives a restart.

import { join } from 'node:path';
import { isObject } from '../discovery/checked-document.ts';
import type { Log } from '../log.ts';
import { AppendLog } from '../store/append-log.ts';
import { JsonFile } from '../store/json-file.ts';
import { AuditLog } from './audit-log.ts';
import { ConsoleUsers } from './console-users.ts';
import type { ControlDeps } from './control-deps.ts';
import { ControlFlags, changeableFlags, type FlagOverrides } from './control-flags.ts';
import { FunctionChanges } from './function-changes.ts';
import { LoginThrottle } from './login-throttle.ts';
import { parseStoredSessions, Sessions } from './sessions.ts';
import { TrafficFigures } from './traffic-figures.ts';
import { Trash } from './trash.ts';

export interface ControlState {
  readonly flags: ControlFlags;
  /** @throws the system's error */
  readonly saveFlags: (overrides: FlagOverrides) => Promise<void>;
  readonly users: ConsoleUsers;
  readonly sessions: Sessions;
  readonly throttle: LoginThrottle;
  readonly audit: AuditLog;
  readonly trash: Trash;
  readonly changes: FunctionChanges;
  readonly traffic: TrafficFigures;
  /** Resolves when everything is on disk. */
  close(): Promise<void>;
}

/** A state file that cannot be read counts as empty, and is told in the log. */
export async function openControlState(deps: ControlDeps): Promise<ControlState> {
  const { settings, stateDir, log } = deps;
  const flagFile = new JsonFile(join(stateDir, 'ui-state.json'));
  const sessionFile = new JsonFile(join(stateDir, 'sessions.json'));
  const load = async (file: JsonFile): Promise<unknown> => {
    try {
      return await file.load();
    } catch (error) {
      log.warn({ err: error }, 'cannot read a state file; going on without it');
      return null;
    }
  };
  const users = new ConsoleUsers(settings.login);
  const now = (): number => Date.now();
  const sessions = new Sessions(
    {
      secret: settings.login.sessionSecret,
      ttlSeconds: settings.login.sessionTtlSeconds,
      userNow: (name) => users.find(name),
      now,
      save: (live) => {
        const failed = (error: unknown): void => log.warn({ err: error }, 'cannot keep sessions on disk');
        sessionFile.save({ sessions: live }).catch(failed);
      },
    },
    parseStoredSessions(await load(sessionFile)),
  );
  const flags = new ControlFlags(configuredFlags(deps), parseOverrides(await load(flagFile)));
  const audit = new AuditLog(new AppendLog({ path: join(stateDir, 'audit.jsonl') }), log);
  const trash = new Trash(stateDir);
  const trafficFile = new JsonFile(join(stateDir, 'traffic.json'));
  const traffic = new TrafficFigures(deps.metrics, now, await load(trafficFile));
  const endSampling = startSampling(traffic, trafficFile, log);
  return {
    flags,
    saveFlags: (overrides) => flagFile.save({ overrides }),
    users,
    sessions,
    throttle: new LoginThrottle({ ...settings.login.rateLimit, now }),
    audit,
    trash,
    changes: new FunctionChanges({ catalog: deps.catalog, reload: deps.reload, trash }),
    traffic,
    close: async () => {
      await endSampling();
      await Promise.all([flagFile.settled(), sessionFile.settled(), audit.settled()]);
    },
  };
}

const sampleEveryMs = 300_000;

/** @returns the end: samples once more, and waits until it is on disk */
function startSampling(traffic: TrafficFigures, file: JsonFile, log: Log): () => Promise<void> {
  const sample = async (): Promise<void> => {
    try {
      // An idle gateway leaves no files.
      if (await traffic.sample()) await file.save(traffic.toJson());
    } catch (error) {
      log.warn({ err: error }, 'cannot keep the figures of the last day on disk');
    }
  };
  const timer = setInterval(sample, sampleEveryMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await sample();
    await file.settled();
  };
}

function configuredFlags({ settings }: ControlDeps): ConstructorParameters<typeof ControlFlags>[0] {
  return {
    ui_enabled: settings.uiEnabled,
    api_enabled: settings.apiEnabled,
    admin_api_enabled: settings.adminApiEnabled,
    write_enabled: settings.writeEnabled,
    local_only: settings.localOnly,
    login_enabled: settings.login.enabled,
    login_api_enabled: settings.login.api,
    public_explore: settings.publicExplore,
  };
}

function parseOverrides(value: unknown): FlagOverrides {
  const stored = isObject(value) && isObject(value['overrides']) ? value['overrides'] : {};
  const entries = changeableFlags.flatMap((flag) => {
    const override = stored[flag];
    return typeof override === 'boolean' ? [[flag, override] as const] : [];
  });
  return Object.fromEntries(entries);
}
