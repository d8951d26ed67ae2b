// What stands between a loaded module and an invocation: the user's function, and the call that an adapter makes of it.

import type { HandlerEvent } from './event.ts';
import type { Invocation } from './invocation.ts';

export type HandlerCall = (event: HandlerEvent, invocation: Invocation) => unknown;
// biome-ignore lint/complexity/noBannedTypes: user code, called with whatever the adapter gives it.
export type UserFunction = Function;
