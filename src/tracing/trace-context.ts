// W3C Trace Context (https://www.w3.org/TR/trace-context/): who called whom, as two headers. Read strictly: what is not
// exactly as the specification has it counts as not sent.

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the span that calls. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** What tracing systems on the way say to each other; null when nothing is sent, or nothing that can be read. */
  readonly tracestate: string | null;
}

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const maxTraceparent = 256;
/** Of the specification, 3.3.1.1 and 3.3.1.5. */
const maxMembers = 32;
const maxTracestate = 512;
const member =
  /^(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

type Header = string | readonly string[] | undefined;

/** null: there is none, or it is not valid. A `traceparent` sent twice is not valid. */
export function readTraceContext(parent: Header, state: Header): TraceContext | null {
  if (typeof parent !== 'string' || parent.length > maxTraceparent) return null;
  const [, version, traceId, spanId, flags, rest] = traceparent.exec(parent) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined) return null;
  // Later versions may say more behind what this one says; `ff` is none.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  const sampled = (Number.parseInt(flags ?? '00', 16) & 1) === 1;
  return { traceId, spanId, sampled, tracestate: readTracestate(state) };
}

/** As a whole or not at all. */
function readTracestate(state: Header): string | null {
  const text = state === undefined || typeof state === 'string' ? state : state.join(',');
  if (text === undefined) return null;
  const members = text
    .split(',')
    .map((each) => each.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((each) => each !== '');
  const keys = new Set(members.map((each) => each.split('=', 1)[0]));
  const whole = members.join(',');
  const isValid = members.every((each) => member.test(each)) && keys.size === members.length;
  return isValid && members.length > 0 && members.length <= maxMembers && whole.length <= maxTracestate
    ? whole
    : null;
}

export function traceparentOf({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`;
}
