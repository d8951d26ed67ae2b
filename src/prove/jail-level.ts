// Takes layers of the jail away from a launch plan and from a policy, so that one layer can be seen to hold alone.
// Only plans of attacks are changed this way.

import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import type { JailPlan, LaunchPlan } from '../sandbox/launch-plan.ts';
import type { AttackClass, AttackLevel, JailLevel } from './attack-class.ts';
import type { AttackWorld } from './attack-world.ts';

const none: JailPlan = { root: null, landlock: null, seccomp: null };

export function planAtLevel(plan: LaunchPlan, level: JailLevel): LaunchPlan {
  const layers = plan.jail ?? none;
  switch (level) {
    case 'process':
      return { ...plan, jail: null };
    case 'capabilities':
      return { ...plan, jail: none };
    case 'landlock':
      return { ...plan, jail: { ...none, landlock: layers.landlock } };
    case 'seccomp':
      return { ...plan, jail: { ...none, seccomp: layers.seccomp } };
    case 'namespace':
      return { ...plan, jail: { ...none, root: layers.root } };
    case 'kernel':
    case 'guarded':
      return plan;
  }
}

/** The policy that the kernel's layers are planned from: links planted among the grants, the class's network. */
export function sandboxAtLevel(
  policy: SandboxPolicy,
  attack: AttackClass,
  level: AttackLevel,
  world: AttackWorld,
): SandboxPolicy {
  const { files } = policy;
  const network =
    attack.network === 'none'
      ? { outboundTcp: 'none' as const, udp: false }
      : attack.network === 'one-port'
        ? { outboundTcp: [world.port], udp: true }
        : policy.network;
  return {
    ...policy,
    strict: true,
    network,
    namespace: level === 'namespace',
    files: { ...files, read: [...files.read, ...world.planted] },
  };
}
