// Who asks: the one place where token, session and address become a caller.

import type { FastifyRequest } from 'fastify';
import type { Caller } from './access-row.ts';
import { hasAdminToken } from './admin-token.ts';
import type { ControlDeps } from './control-deps.ts';
import { isLocalCaller } from './local-caller.ts';
import type { Sessions } from './sessions.ts';

export function identifyCaller(request: FastifyRequest, deps: ControlDeps, sessions: Sessions): Caller {
  const { raw } = request;
  const session = sessions.find(request.cookies);
  const isLocal = isLocalCaller(raw, deps);
  return {
    kind: kindOf(request, deps, session !== null, isLocal),
    user: session?.user ?? null,
    role: session?.role ?? null,
    sessionEndsAt: session?.expiresAt ?? null,
    address: deps.clientAddress(raw).ip,
    isLocal,
  };
}

function kindOf(
  { raw }: FastifyRequest,
  { settings, isFunctionPeer }: ControlDeps,
  hasSession: boolean,
  isLocal: boolean,
): Caller['kind'] {
  if (hasAdminToken(raw, settings.adminToken)) return 'token';
  if (hasSession) return 'session';
  if (isLocal) return 'local';
  return isFunctionPeer?.(raw) === true ? 'function' : 'remote';
}
