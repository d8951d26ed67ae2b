// The `sandbox` and `limits` blocks of one `fn.config.json`. What cannot be read becomes the safe choice, what is more
// than the operator allows is lowered, and each comes with a fault: nothing here can weaken a sandbox (contract/sandbox.md 1).

import type { SandboxTier } from '../policy/function-policy.ts';
import { type LimitField, limitFields } from '../policy/limit-fields.ts';
import {
  closedNetwork,
  describeNetwork,
  isWiderThan,
  narrowNetwork,
  networkOfPorts,
  openNetwork,
} from '../policy/network-grants.ts';
import { parseNumberField } from '../policy/number-field.ts';
import type { PolicyPatch } from '../policy/resolve-policy.ts';
import type { NetworkGrants } from '../policy/sandbox-policy.ts';
import type { SandboxRules } from '../policy/sandbox-rules.ts';
import { type Complain, foundText, isObject } from './checked-document.ts';

type Json = Readonly<Record<string, unknown>>;
type SandboxPatch = Pick<PolicyPatch, 'network' | 'require' | 'limits'>;

/**
 * @param value the file without fields of a wrong type
 * @param written the file as it is: a field that was taken out must not count as absent
 */
export function readSandboxPatch(
  value: Json,
  written: Json,
  rules: SandboxRules,
  complain: Complain,
): SandboxPatch {
  return {
    ...readSandbox(value['sandbox'], written['sandbox'], rules, complain),
    ...readLimits(value['limits'], rules, complain),
  };
}

function readSandbox(
  block: unknown,
  written: unknown,
  rules: SandboxRules,
  complain: Complain,
): Pick<SandboxPatch, 'network' | 'require'> {
  if (written === undefined) return {};
  // Its author wanted less than is usual; nobody can say how much less.
  if (!isObject(block) || !isObject(written)) return { network: closedNetwork, require: 'namespace' };
  return {
    ...(written['network'] === undefined ? {} : { network: readNetwork(block['network'], rules, complain) }),
    ...(written['require'] === undefined ? {} : { require: readTier(block['require']) }),
  };
}

/** The schema has taken out what is no tier: how much was meant nobody can say. */
function readTier(raw: unknown): SandboxTier {
  return raw === 'none' || raw === 'kernel' ? raw : 'namespace';
}

function readNetwork(raw: unknown, { network: widest }: SandboxRules, complain: Complain): NetworkGrants {
  const asked = parseNetwork(raw);
  if (isWiderThan(asked, widest)) {
    const accepted = `at most ${describeNetwork(widest)} by the operator (FN_SANDBOX_NETWORK)`;
    complain(['sandbox', 'network'], foundText(raw), accepted, 'warning');
  }
  return narrowNetwork(asked, widest);
}

/** The schema has checked its shape; anything else was taken out. */
function parseNetwork(raw: unknown): NetworkGrants {
  if (raw === 'all') return openNetwork;
  if (!isObject(raw)) return closedNetwork;
  const ports = Array.isArray(raw['tcp_ports']) ? raw['tcp_ports'] : [];
  return networkOfPorts(ports.filter(Number.isInteger), raw['udp'] === true);
}

function readLimits(
  block: unknown,
  { maxima }: SandboxRules,
  complain: Complain,
): Pick<SandboxPatch, 'limits'> {
  if (!isObject(block)) return {};
  const limits = limitFields.flatMap((field) => {
    const value = readLimit(block[field.key], field, maxima[field.name], complain);
    return value === null ? [] : [[field.name, value]];
  });
  return { limits: Object.freeze(Object.fromEntries(limits)) };
}

/** In the unit of ResourceLimits; null when the file says nothing that can be used. */
function readLimit(raw: unknown, field: LimitField, most: number | null, complain: Complain): number | null {
  if (raw === undefined) return null;
  const { key, scale, min, ceiling } = field;
  const place = ['limits', key];
  const max = most === null ? ceiling : Math.floor(most / scale);
  const number = parseNumberField(raw, { min: 0, max });
  if (number.kind === 'bad') {
    complain(place, foundText(raw), `a whole number from ${min} to ${max}`);
    return null;
  }
  if (number.kind === 'lowered') {
    const by = most === null ? '' : ` by the operator (${operatorVariable(field)})`;
    complain(place, foundText(raw), `at most ${max}${by}`, 'warning');
  }
  // Raised, not left out: the default would be far more than what was asked for. Not above the operator's maximum.
  const least = Math.min(min, max);
  if (number.value < least) {
    complain(place, foundText(raw), `at least ${min}: a worker could not start with less`, 'warning');
  }
  return Math.max(number.value, least) * scale;
}

/** `memory_mb` → `FN_SANDBOX_MAX_MEMORY_MB`. */
function operatorVariable({ key }: LimitField): string {
  return `FN_SANDBOX_MAX_${key.toUpperCase()}`;
}
