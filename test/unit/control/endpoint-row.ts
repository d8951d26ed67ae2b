// A row of the access table as the README shows it.

import type { AccessRow } from '../../../src/control/access-row.ts';

const audience: Readonly<Record<AccessRow['access'], string>> = {
  open: 'anybody',
  docs: 'anybody',
  api: 'operator',
  login: 'operator',
  logout: 'operator',
  ui: 'operator',
};

export function endpointRow({ method, path, access, permission, summary }: AccessRow): string {
  const who = access === 'api' ? `${audience[access]}: ${permission}` : audience[access];
  return `| ${method} | \`${path}\` | ${who} | ${summary} |`;
}
