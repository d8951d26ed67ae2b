// The switches of the control plane, changed while it runs. What lets more callers in needs the admin token; what was set is
// kept over a restart until it is cleared (contract/control-plane.md 9).

import { GatewayError } from '../errors.ts';
import type { Caller, ControlCall, ControlHandler } from './access-row.ts';
import { changeableFlags, type FlagOverrides } from './control-flags.ts';
import type { HandlerParts } from './handler-parts.ts';

export function uiStateHandlers(parts: HandlerParts) {
  return {
    'ui state': ({ caller }) => snapshot(parts, caller),
    'change ui state': (call) => change(parts, call, { ...parts.flags.overrides, ...chosen(call.body) }),
    'clear ui state': (call) => change(parts, call, {}),
  } satisfies Record<string, ControlHandler>;
}

function chosen(body: ControlCall['body']): FlagOverrides {
  const entries = changeableFlags.flatMap((flag) => {
    const value = body[flag];
    return typeof value === 'boolean' ? [[flag, value] as const] : [];
  });
  return Object.fromEntries(entries);
}

async function change(
  parts: HandlerParts,
  { caller, request }: ControlCall,
  overrides: FlagOverrides,
): Promise<unknown> {
  const { flags, saveFlags, audit } = parts;
  const loosened = flags.loosened(overrides);
  audit.describe(request, { overrides });
  if (loosened.length > 0 && caller.kind !== 'token') {
    throw new GatewayError('forbidden', { text: `admin token required to loosen ${loosened.join(', ')}` });
  }
  // On disk first: what is answered with 200 holds after a restart too.
  await saveFlags(overrides);
  flags.replace(overrides);
  return snapshot(parts, caller);
}

function snapshot({ flags }: HandlerParts, { kind, user, role, sessionEndsAt }: Caller): unknown {
  return {
    ...flags.current,
    overridden: Object.keys(flags.overrides),
    caller: kind,
    ...(user === null ? {} : { current_user: user, current_role: role, session_expires_at: sessionEndsAt }),
  };
}
