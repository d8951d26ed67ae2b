// A catalog as text for people and as JSON for programs. Pure: formats what discovery found.

import { faultText } from '../config/config-fault.ts';
import { sandboxReport } from '../control/sandbox-report.ts';
import type { Catalog, PastBuilds } from './gateway-module.ts';
import { plainText, textTable } from './text-table.ts';

/**
 * Routes as lines: methods, hosts where limited, path, function, version, where the claim comes from.
 * @param builds what earlier builds came to; default: nothing is known of any
 */
export function routeTable(catalog: Catalog, builds: PastBuilds = new Map()): string {
  const rows = catalog.routes.map((route) => {
    const unit = catalog.functions.get(route.functionKey);
    const refused = unit?.refused ?? null;
    const note = [
      hostNote(route.hosts),
      route.forced ? 'forced' : '',
      refused === null ? '' : `not served: ${refused}`,
      builds.get(route.functionKey)?.state === 'failed' ? 'not built' : '',
    ];
    return [
      route.methods.join(','),
      route.pattern,
      route.functionKey,
      route.source,
      note.filter(Boolean).join(' '),
    ];
  });
  if (rows.length === 0) return `No routes in ${catalog.root}`;
  return textTable(['METHODS', 'ROUTE', 'FUNCTION', 'SOURCE', ''], rows);
}

/** An empty list comes from an `allow_hosts` that cannot be read: it lets nobody in. */
function hostNote(hosts: readonly string[] | null): string {
  if (hosts === null) return '';
  return hosts.length === 0 ? 'no host is let in' : hosts.join(',');
}

/** What is wrong with a functions folder, one thing a line, and after that what is only worth knowing. */
export function catalogComplaints(catalog: Catalog): string[] {
  const warnings = complaintWarnings(catalog);
  const notes = catalog.warnings.filter(({ level }) => level === 'info');
  return [
    ...catalog.conflicts.map((conflict) => {
      const who = conflict.claimants.map(({ source }) => source).join(', ');
      const hosts = conflict.hosts === null ? '' : ` for ${conflict.hosts.join(', ')}`;
      return `Conflict: ${conflict.methods.join(',')} ${conflict.pattern}${hosts} is claimed by ${who} (answers 409)`;
    }),
    ...warnings.map((warning) => `Warning: ${warning.file}: ${warning.message} (${warning.code})`),
    ...catalog.faults.map(
      (fault) => `${fault.severity === 'error' ? 'Error' : 'Warning'}: ${faultText(fault)}`,
    ),
    ...notes.map(({ file, message, code }) => `Note: ${file}: ${message} (${code})`),
  ].map(plainText);
}

/** Warnings that no list of conflicts has told already. */
export function complaintWarnings(catalog: Catalog): Catalog['warnings'] {
  return catalog.warnings.filter(({ level, code }) => level !== 'info' && code !== 'route_conflict');
}

/** The machine form of `fastfn routes --json`; paths are relative to `root`. */
export function catalogJson(catalog: Catalog, builds: PastBuilds): object {
  return {
    root: catalog.root,
    runtimes: catalog.runtimes,
    functions: [...catalog.functions.values()].map((unit) => ({
      key: unit.key,
      runtime: unit.runtime,
      name: unit.name,
      version: unit.version,
      kind: unit.kind,
      refused: unit.refused,
      build: builds.get(unit.key) ?? { state: 'unknown', reason: null },
      sandbox: sandboxReport(unit.policy),
    })),
    routes: catalog.routes.map((route) => ({
      route: route.pattern,
      methods: route.methods,
      hosts: route.hosts,
      function: route.functionKey,
      forced: route.forced,
      source: route.source,
    })),
    conflicts: catalog.conflicts.map((conflict) => ({
      route: conflict.pattern,
      methods: conflict.methods,
      hosts: conflict.hosts,
      claimants: conflict.claimants.map(({ functionKey, source }) => ({ function: functionKey, source })),
    })),
    warnings: catalog.warnings,
    faults: catalog.faults,
  };
}
