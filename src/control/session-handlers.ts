// Logging in and out (contract/control-plane.md 3).

import { GatewayError } from '../errors.ts';
import type { ControlCall, ControlHandler } from './access-row.ts';
import type { HandlerParts } from './handler-parts.ts';
import { sessionCookie } from './sessions.ts';

export function sessionHandlers(parts: HandlerParts) {
  const { deps, sessions } = parts;
  return {
    login: (call) => login(parts, call),
    logout: ({ request, reply }) => {
      sessions.end(request.cookies);
      const { name, options } = sessionCookie(deps.isSecure(request.raw));
      reply.clearCookie(name, options);
      return { ok: true };
    },
  } satisfies Record<string, ControlHandler>;
}

async function login(parts: HandlerParts, { request, reply, caller, body }: ControlCall): Promise<unknown> {
  const { deps, users, sessions, throttle, audit } = parts;
  const { username, password } = credentialsOf(body);
  // What is no user's name may be a password in the wrong field.
  audit.describe(request, { login: users.find(username) === null ? '<unknown>' : username });
  throttle.check(caller.address, username);
  if (!users.isUsable) throw misconfigured('login is enabled but credentials are not configured');
  throttle.failed(caller.address, username);
  if (!(await users.accepts(username, password))) {
    throw new GatewayError('unauthorized', { text: 'invalid credentials' });
  }
  throttle.succeeded(caller.address, username);
  if (!sessions.canStart) throw misconfigured('session secret not configured');
  const { name, options } = sessionCookie(deps.isSecure(request.raw));
  reply.setCookie(name, sessions.start(username), {
    ...options,
    maxAge: deps.settings.login.sessionTtlSeconds,
  });
  return { ok: true, user: username };
}

/** The schema has made sure of both. */
function credentialsOf(body: ControlCall['body']): { readonly username: string; readonly password: string } {
  return { username: String(body['username']), password: String(body['password']) };
}

function misconfigured(text: string): GatewayError {
  return new GatewayError('internal', { text });
}
