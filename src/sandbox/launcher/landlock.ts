// Puts this thread into a Landlock domain (landlock(7)). What is granted is the file itself, whatever its name becomes.

import { closeSync, fstatSync } from 'node:fs';
import type { Kernel } from '../kernel.ts';
import { fileOnlyAccess, netAccess } from '../landlock-access.ts';
import type { LandlockPlan, LandlockRule } from '../landlock-plan.ts';
import { openGranted, placeOpenHow } from './granted-path.ts';

// landlock_add_rule(2), <linux/landlock.h>.
const rulePathBeneath = 1;
const ruleNetPort = 2;

/** struct landlock_ruleset_attr, as long as this ABI knows it: an older kernel refuses bytes it does not know. */
function createRuleset(kernel: Kernel, plan: LandlockPlan): number {
  const fields = [plan.handledFs, plan.handledNet, plan.scoped];
  const known = plan.abi >= 6 ? 3 : plan.abi >= 4 ? 2 : 1;
  const attr = Buffer.alloc(8 * known);
  fields.slice(0, known).forEach((value, index) => {
    attr.writeBigUInt64LE(BigInt(value), 8 * index);
  });
  return Number(kernel.call('landlock_create_ruleset', kernel.place(attr), attr.length, 0));
}

function addPath(kernel: Kernel, ruleset: number, rule: LandlockRule, how: bigint): void {
  const fd = openGranted(kernel, rule, how);
  if (fd === null) return;
  try {
    const access = fstatSync(fd).isDirectory() ? rule.access : rule.access & fileOnlyAccess;
    // A file cannot be listed: a grant of nothing is refused by the kernel (ENOMSG).
    if (access === 0) return;
    const attr = Buffer.alloc(12); // struct landlock_path_beneath_attr, packed
    attr.writeBigUInt64LE(BigInt(access));
    attr.writeInt32LE(fd, 8);
    kernel.call('landlock_add_rule', ruleset, rulePathBeneath, kernel.place(attr), 0);
  } finally {
    closeSync(fd);
  }
}

function addPort(kernel: Kernel, ruleset: number, port: number): void {
  const attr = Buffer.alloc(16); // struct landlock_net_port_attr
  attr.writeBigUInt64LE(BigInt(netAccess.connectTcp), 0);
  attr.writeBigUInt64LE(BigInt(port), 8);
  kernel.call('landlock_add_rule', ruleset, ruleNetPort, kernel.place(attr), 0);
}

/** Needs no_new_privs. */
export function enterLandlock(kernel: Kernel, plan: LandlockPlan): void {
  const ruleset = createRuleset(kernel, plan);
  const how = placeOpenHow(kernel);
  for (const rule of plan.rules) addPath(kernel, ruleset, rule, how);
  for (const port of plan.connectPorts) addPort(kernel, ruleset, port);
  kernel.call('landlock_restrict_self', ruleset, 0);
  closeSync(ruleset);
}
