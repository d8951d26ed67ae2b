// What holds the workers of one function, in the names and units of fn.config.json: for `/_fn/catalog` and for
// `fastfn routes --json`.

import type { FunctionPolicy } from '../policy/function-policy.ts';
import { limitFields } from '../policy/limit-fields.ts';

/** `tcp_ports` is `all` or a list; a limit of null is none. */
export function sandboxReport({
  strictFs,
  sandbox,
  limits,
}: Pick<FunctionPolicy, 'strictFs' | 'sandbox' | 'limits'>): Record<string, unknown> {
  const { outboundTcp, udp } = sandbox.network;
  const limitEntries = limitFields.map(({ key, name, scale }) => {
    const limit = limits[name];
    return [key, limit === null ? null : limit / scale];
  });
  return {
    strict_fs: strictFs,
    network: { tcp_ports: outboundTcp === 'none' ? [] : outboundTcp, udp },
    require: sandbox.require,
    namespace: sandbox.namespace,
    limits: Object.fromEntries(limitEntries),
  };
}
