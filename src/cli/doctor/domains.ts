// `fastfn doctor domains`: whether a domain leads here, over DNS, TLS and HTTP (contract/config-cli.md 4). Speaks to
// the domains that the operator named and to nothing else.

import { isIP } from 'node:net';
import type { DomainCheck } from '../../config/options/later-options.ts';
import { type CliContext, CommandFailure, exitStatus } from '../cli-context.ts';
import { printFaults } from '../configuration.ts';
import type { Check } from './check.ts';
import { type DomainNetwork, hostNetwork } from './domain-network.ts';

export interface DomainFlags {
  readonly domain: readonly string[];
  readonly expectedTarget?: string;
  readonly enforceHttps: string;
  readonly json?: boolean;
  readonly config?: string;
}

/** Domains given as flags beat those of fastfn.json. Throws CommandFailure when there is none. */
export async function domainChecks(
  context: CliContext,
  flags: DomainFlags,
  network: DomainNetwork = hostNetwork,
): Promise<readonly Check[]> {
  const wanted = flags.domain.length > 0 ? fromFlags(flags) : await fromFile(context, flags.config);
  if (wanted.length === 0) {
    throw new CommandFailure(
      'cannot check domains: none given (--domain, or domains in fastfn.json)',
      exitStatus.usage,
    );
  }
  const checks = await Promise.all(wanted.map((check) => checkDomain(check, network)));
  return checks.flat();
}

function fromFlags(flags: DomainFlags): DomainCheck[] {
  const enforceHttps = !['0', 'false', 'off', 'no'].includes(flags.enforceHttps.toLowerCase());
  return flags.domain.map((domain) => ({
    domain,
    expectedTarget: flags.expectedTarget ?? null,
    enforceHttps,
  }));
}

async function fromFile(
  context: CliContext,
  configFile: string | undefined,
): Promise<readonly DomainCheck[]> {
  const { loadDomains } = await import('../../config/load-config.ts');
  const { hostSources } = await import('../../config/process-sources.ts');
  const loaded = await loadDomains({ ...hostSources(context, context.layout.node), configFile });
  printFaults(context, loaded.faults);
  return loaded.domains;
}

/** Finding without its domain, which is added at the end. */
type Finding = Omit<Check, 'domain'>;

async function checkDomain(wanted: DomainCheck, network: DomainNetwork): Promise<Check[]> {
  const domain = wanted.domain.toLowerCase();
  const findings = isDomain(domain)
    ? [
        { id: 'domain.format', status: 'OK' as const, message: 'valid name' },
        ...(await reach(domain, wanted, network)),
      ]
    : [
        {
          id: 'domain.format',
          status: 'FAIL' as const,
          message: `not a domain name: ${JSON.stringify(wanted.domain)}`,
        },
      ];
  return findings.map((finding) => ({ domain: wanted.domain, ...finding }));
}

function isDomain(name: string): boolean {
  const labels = name.split('.');
  const valid = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  return valid && labels.length > 1 && name.length <= 253 && isIP(name) === 0;
}

async function reach(domain: string, wanted: DomainCheck, network: DomainNetwork): Promise<Finding[]> {
  const findings = await Promise.all([
    dnsFindings(domain, wanted.expectedTarget, network),
    tlsFindings(domain, network),
    httpsFinding(domain, network),
    redirectFinding(domain, wanted.enforceHttps, network),
    acmeFinding(domain, network),
  ]);
  return findings.flat();
}

async function dnsFindings(
  domain: string,
  target: string | null,
  network: DomainNetwork,
): Promise<Finding[]> {
  const id = 'dns.resolve';
  const addresses = await attempt(network.addresses(domain));
  if (!addresses.ok) return [{ id, status: 'FAIL', message: `cannot resolve: ${addresses.reason}` }];
  const found: Finding = { id, status: 'OK', message: addresses.value.join(', ') };
  if (target === null) return [found];
  const expected =
    isIP(target) === 0 ? await attempt(network.addresses(target)) : { ok: true as const, value: [target] };
  const same = expected.ok && expected.value.some((address) => addresses.value.includes(address));
  const message = same ? `leads to ${target}` : `leads to ${addresses.value.join(', ')}, not to ${target}`;
  return [found, { id: 'dns.target', status: same ? 'OK' : 'FAIL', message }];
}

const dayMs = 86_400_000;
const soonDays = 14;

async function tlsFindings(domain: string, network: DomainNetwork): Promise<Finding[]> {
  const end = await attempt(network.certificateEnd(domain));
  if (!end.ok)
    return [{ id: 'tls.handshake', status: 'FAIL', message: `cannot agree on TLS: ${end.reason}` }];
  const days = Math.floor((end.value.getTime() - Date.now()) / dayMs);
  const message = days < 0 ? 'the certificate has expired' : `the certificate ends in ${days} days`;
  const status = days < 0 ? 'FAIL' : days <= soonDays ? 'WARN' : 'OK';
  return [
    { id: 'tls.handshake', status: 'OK', message: 'TLS works' },
    { id: 'tls.expiry', status, message, details: { valid_to: end.value.toISOString() } },
  ];
}

async function httpsFinding(domain: string, network: DomainNetwork): Promise<Finding> {
  const id = 'https.reachability';
  const answer = await attempt(network.request(`https://${domain}/`));
  if (!answer.ok) return { id, status: 'FAIL', message: `cannot reach: ${answer.reason}` };
  return {
    id,
    status: answer.value.status >= 500 ? 'FAIL' : 'OK',
    message: `answers ${answer.value.status}`,
  };
}

async function redirectFinding(domain: string, enforced: boolean, network: DomainNetwork): Promise<Finding> {
  const id = 'http.redirect';
  const answer = await attempt(network.request(`http://${domain}/`));
  if (!answer.ok)
    return { id, status: enforced ? 'FAIL' : 'WARN', message: `cannot reach: ${answer.reason}` };
  const { status, location } = answer.value;
  const leads = status >= 300 && status < 400 && location.startsWith('https://');
  if (leads) return { id, status: 'OK', message: `leads to ${location}` };
  return {
    id,
    status: enforced ? 'WARN' : 'OK',
    message: `plain HTTP answers ${status} without leading to HTTPS`,
  };
}

async function acmeFinding(domain: string, network: DomainNetwork): Promise<Finding> {
  const id = 'acme.challenge';
  const answer = await attempt(network.request(`http://${domain}/.well-known/acme-challenge/fastfn-doctor`));
  if (!answer.ok) return { id, status: 'WARN', message: `cannot reach: ${answer.reason}` };
  return {
    id,
    status: answer.value.status >= 500 ? 'FAIL' : 'OK',
    message: `answers ${answer.value.status}`,
  };
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

async function attempt<T>(promise: Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await promise };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
