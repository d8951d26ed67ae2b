// The operator's maxima for how long streams may live (`stream` in fn.config.json).

import { policyBounds } from '../../policy/function-policy.ts';
import { defaultStreamMaxima } from '../../policy/stream-limits.ts';
import type { Option } from '../option.ts';
import { readInteger } from '../option-readers.ts';

const maxIdleMs: Option<number> = {
  doc: 'Largest stream.idle_ms of a function; one that asks for nothing gets no more either.',
  accepted: `an integer from 1 to ${policyBounds.streamIdleMs}`,
  env: 'FN_STREAM_MAX_IDLE_MS',
  key: 'stream-max-idle-ms',
  fallback: defaultStreamMaxima.idleMs,
  read: readInteger({ min: 1, max: policyBounds.streamIdleMs }),
};

const maxMs: Option<number> = {
  doc: 'Largest stream.max_ms of a function; one that asks for nothing gets no more either.',
  accepted: `an integer from 1 to ${policyBounds.streamMaxMs}`,
  env: 'FN_STREAM_MAX_MS',
  key: 'stream-max-ms',
  fallback: defaultStreamMaxima.maxMs,
  read: readInteger({ min: 1, max: policyBounds.streamMaxMs }),
};

export const streamOptions = { maxIdleMs, maxMs };
