// Discovery on a host whose namespace tier is looked for only when a function, or the operator, asks for one.

import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Layout } from '../config/layout.ts';
import type { Catalog } from '../discovery/catalog.ts';
import { type ScanOptions, scanFunctions } from '../discovery/scan.ts';
import { silentLog } from '../log.ts';
import type { Capabilities } from '../sandbox/capabilities.ts';
import type { NamespaceState } from '../sandbox/sandbox-layers.ts';
import { missingOf, type NamespaceFinding, NamespaceTier } from './namespace-tier.ts';
import { openPrograms, realTempFolder } from './worker-host.ts';

/** What is known of the tier, and how to know. */
export type TierSource = Pick<NamespaceTier, 'found' | 'find'>;

/** @param optionsFor discovery's options, told why there is no tier; null: there is one, or nobody has asked */
export async function scanWithTier(
  { sandbox, strictFs }: GatewayConfig,
  tier: TierSource,
  optionsFor: (namespaceMissing: string | null) => ScanOptions,
): Promise<Catalog> {
  const { namespaceUse } = sandbox;
  const forAll = namespaceUse === 'auto' || namespaceUse === 'required';
  if (forAll && strictFs.enabled) await tier.find();
  const before = tier.found;
  const catalog = await scanFunctions(optionsFor(missingOf(before)));
  if (before !== null || ![...catalog.functions.values()].some(({ policy }) => policy.sandbox.namespace))
    return catalog;
  const missing = missingOf(await tier.find());
  return missing === null ? catalog : scanFunctions(optionsFor(missing));
}

/** For the layer's row; looks for the tier where that is not switched off. */
export async function namespaceState(
  { sandbox, strictFs }: GatewayConfig,
  tier: TierSource,
): Promise<NamespaceState> {
  const use = sandbox.namespaceUse;
  const looked = use !== 'off' && strictFs.enabled;
  return { use, missing: looked ? missingOf(await tier.find()) : null };
}

/** The tier of a host on which nothing is served: what is started for the try is gone afterwards. */
export function inspectedTier(config: GatewayConfig, layout: Layout, capabilities: Capabilities): TierSource {
  let found: NamespaceFinding | null = null;
  return {
    get found() {
      return found;
    },
    async find() {
      found ??= await tryOnce(config, layout, capabilities);
      return found;
    },
  };
}

async function tryOnce(
  config: GatewayConfig,
  layout: Layout,
  capabilities: Capabilities,
): Promise<NamespaceFinding> {
  await using opened = new AsyncDisposableStack();
  const parts = openPrograms({ config, layout, log: silentLog }, opened);
  const tier = new NamespaceTier({ config, capabilities, ...parts, tempParent: realTempFolder() });
  // The programs on disk go with this call.
  return await tier.find();
}
