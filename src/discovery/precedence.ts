// Several targets may claim one route: which stay, which give way, and where two of equal rank meet in a conflict. Decided
// per method and host, and for routes of one shape whatever their parameters are called. Source: contract/routing.md 7.

import type { HttpMethod } from '../policy/function-policy.ts';
import { commonHosts, type HostList } from '../policy/host-list.ts';
import type { Claim } from './plan.ts';
import { routeShape } from './route-pattern.ts';

export interface ClaimConflict {
  readonly pattern: string;
  readonly methods: readonly HttpMethod[];
  readonly hosts: HostList;
  readonly claimants: readonly Claim[];
}

export interface Shadowed {
  readonly claim: Claim;
  readonly by: Claim;
}

export interface SettledClaims {
  /** In the order in which they are tried; conflicting ones included, the conflicts come first at matching. */
  readonly claims: readonly Claim[];
  readonly conflicts: readonly ClaimConflict[];
  readonly shadowed: readonly Shadowed[];
}

/** @param claims in the order of registration */
export function settleClaims(claims: readonly Claim[]): SettledClaims {
  const shapes = new Map<string, Claim[]>();
  const shadowed: Shadowed[] = [];
  for (const claim of claims) {
    const shape = routeShape(claim.pattern);
    const known = shapes.get(shape);
    if (known === undefined) shapes.set(shape, [claim]);
    else shapes.set(shape, admit(known, claim, shadowed));
  }
  const conflicts = [...shapes.values()].flatMap((rivals) =>
    rivals.length > 1 ? conflictsAmong(rivals) : [],
  );
  return { claims: [...shapes.values()].flat(), conflicts, shadowed };
}

/** Adds a claim to those of its shape, or drops whichever of them must give way. */
function admit(known: readonly Claim[], claim: Claim, shadowed: Shadowed[]): Claim[] {
  const rivals = known.filter((other) => overlap(other, claim) !== null);
  const winner = rivals.find((other) => keepsOut(other, claim));
  if (winner !== undefined) {
    shadowed.push({ claim, by: winner });
    return [...known];
  }
  const losers = new Set(rivals.filter((other) => displaces(claim, other)));
  for (const loser of losers) shadowed.push({ claim: loser, by: claim });
  return [...known.filter((other) => !losers.has(other)), claim];
}

function keepsOut(existing: Claim, added: Claim): boolean {
  if (existing.rank === 3 && added.rank === 3) return existing.forced && !added.forced;
  return existing.rank > added.rank;
}

function displaces(added: Claim, existing: Claim): boolean {
  if (added.rank === 3) return added.forced && !(existing.rank === 3 && existing.forced);
  return added.rank === 2 && existing.rank === 1;
}

interface Overlap {
  readonly methods: readonly HttpMethod[];
  readonly hosts: HostList;
}

/** What both would serve, or null when they can live side by side. */
function overlap(a: Claim, b: Claim): Overlap | null {
  if (a.draft === b.draft || a.entryPath === b.entryPath) return null;
  const methods = a.methods.filter((method) => b.methods.includes(method));
  if (methods.length === 0) return null;
  const hosts = commonHosts(a.hosts, b.hosts);
  return hosts !== null && hosts.length === 0 ? null : { methods, hosts };
}

function conflictsAmong(rivals: readonly Claim[]): ClaimConflict[] {
  const found = new Map<string, ClaimConflict>();
  for (const [index, a] of rivals.entries()) {
    for (const b of rivals.slice(index + 1)) {
      // Of different ranks that both stayed, the earlier one is tried first: that is an order, not a conflict.
      const shared = a.rank === b.rank ? overlap(a, b) : null;
      if (shared === null) continue;
      const id = `${shared.methods} ${shared.hosts}`;
      const known = found.get(id)?.claimants ?? [];
      found.set(id, { pattern: a.pattern, ...shared, claimants: [...new Set([...known, a, b])] });
    }
  }
  return [...found.values()];
}
