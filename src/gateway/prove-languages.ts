// Runs the part of the corpus that does a host no harm, in every language of it that is installed, at every level that
// the kernel has.

import type { GatewayConfig } from '../config/gateway-config.ts';
import type { AttackLevel, JailLevel, ProvenLanguage } from '../prove/attack-class.ts';
import { functionClasses } from '../prove/corpus.ts';
import { jailLevels, runClass } from '../prove/corpus-run.ts';
import {
  type LanguageReport,
  type ProveReport,
  reportLanguage,
  skippedLanguage,
  summarise,
} from '../prove/prove-report.ts';
import type { Capabilities } from '../sandbox/capabilities.ts';
import { landlockSince } from '../sandbox/landlock-access.ts';
import type { AttackRunner } from './attack-runner.ts';

const languages: readonly ProvenLanguage[] = ['node', 'python', 'php', 'lua'];

export async function proveLanguages(
  runner: AttackRunner,
  config: GatewayConfig,
  capabilities: Capabilities,
): Promise<ProveReport> {
  const host = {
    config,
    missing: missingLayers(capabilities, runner.namespaceMissing),
    portsKnown: capabilities.landlockAbi >= landlockSince.tcp,
  };
  // Side by side: most of the time goes into starting processes.
  return summarise(await Promise.all(languages.map((language) => proveLanguage(runner, host, language))));
}

interface ProvenHost {
  readonly config: GatewayConfig;
  /** Layer → why it is not there. */
  readonly missing: ReadonlyMap<JailLevel, string>;
  /** Without it a list of ports means no TCP at all, and nobody can be blamed for that. */
  readonly portsKnown: boolean;
}

function missingLayers(
  { landlockAbi, seccomp, arch }: Capabilities,
  namespaceMissing: string | null,
): ReadonlyMap<JailLevel, string> {
  const missing = new Map<JailLevel, string>();
  if (landlockAbi === 0) missing.set('landlock', 'this kernel does not offer Landlock');
  if (!seccomp) missing.set('seccomp', 'this kernel does not offer seccomp filters');
  else if (arch !== 'x64' && arch !== 'arm64') missing.set('seccomp', `no table of system calls for ${arch}`);
  if (namespaceMissing !== null) missing.set('namespace', namespaceMissing);
  return missing;
}

async function proveLanguage(
  runner: AttackRunner,
  { config, missing, portsKnown }: ProvenHost,
  language: ProvenLanguage,
): Promise<LanguageReport> {
  const adapter = config.adapters.get(language);
  if (adapter?.available !== true) return skippedLanguage(language, adapter?.reason ?? 'not looked for');
  const levels = jailLevels.filter((level) => !missing.has(level));
  const results = [];
  for (const listed of functionClasses) {
    if (listed.language !== language || listed.intrusive === true) continue;
    const attack = listed.network === 'one-port' && !portsKnown ? { ...listed, honest: [] } : listed;
    const run = (level: AttackLevel, attempts: readonly string[]) => runner.run({ attack, level, attempts });
    results.push(await runClass(attack, run, levels));
  }
  return reportLanguage({ language, version: adapter.version, results, missing });
}
