// What a scan has decided so far: drafts (a source file that is to be a function), claims (a route that is to lead to one)
// and remarks. The planners write into it, the rest of the scan reads it. Holds no file I/O.

import type { Fault } from '../policy/fault.ts';
import type { FunctionPolicy, HttpMethod } from '../policy/function-policy.ts';
import type { HostList } from '../policy/host-list.ts';
import type { PolicyPatch } from '../policy/resolve-policy.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { DiscoveryWarning } from './catalog.ts';
import type { Entry } from './entry-file.ts';
import { type Folder, joinPath, upwards } from './folder.ts';
import type { FunctionConfig } from './function-config.ts';
import { isReservedRoute } from './route-pattern.ts';

/** A source file that is to be a function. */
export interface Draft {
  readonly kind: 'file' | 'named';
  readonly entry: Entry;
  /** Folder whose files belong to the function: the named function's, or the one that holds the file. */
  readonly home: Folder;
  readonly name: string;
  readonly version: string;
  /** Policy patches, nearest first. */
  readonly patches: readonly PolicyPatch[];
  /** The config beside the handler: how it is called. */
  readonly own: FunctionConfig | null;
  /** Methods that a file's own name asks for; they beat inherited ones. */
  readonly explicitMethods: Set<HttpMethod>;
}

export interface Claim {
  readonly pattern: string;
  readonly methods: readonly HttpMethod[];
  readonly hosts: HostList;
  readonly rank: 1 | 2 | 3;
  readonly forced: boolean;
  readonly entryPath: string;
  readonly draft: Draft;
  readonly source: string;
}

export interface PlanOptions {
  /** Enabled runtimes, in order of preference. */
  readonly runtimes: readonly RuntimeName[];
  /** Lower-case names of folders that are not searched. */
  readonly ignored: ReadonlySet<string>;
  readonly namespaceDepth: number;
  readonly forceUrl: boolean;
  /** Stands in for the path of a named function in the root folder. */
  readonly rootName: string;
}

/** Deepest folder searched, counted from where a search starts (contract/routing.md 2.3). */
export const searchDepth = 6;

export class Plan {
  readonly options: PlanOptions;
  readonly claims: Claim[] = [];
  readonly warnings: DiscoveryWarning[] = [];
  readonly faults: Fault[] = [];
  readonly #files = new Map<string, Draft>();
  readonly #named: Draft[] = [];
  readonly #namedByEntry = new Map<string, Draft>();
  readonly #versions = new Map<string, Draft[]>();

  constructor(options: PlanOptions) {
    this.options = options;
  }

  warn(code: string, file: string, message: string): void {
    this.warnings.push({ code, file, message });
  }

  /** Nothing is wrong, but somebody may wonder. */
  note(code: string, file: string, message: string): void {
    this.warnings.push({ code, file, message, level: 'info' });
  }

  isEnabled(runtime: RuntimeName): boolean {
    return this.options.runtimes.includes(runtime);
  }

  /** Dot folders, `_` folders and the ignore list hold no functions. */
  isIgnored(name: string): boolean {
    return name.startsWith('.') || name.startsWith('_') || this.options.ignored.has(name.toLowerCase());
  }

  /** The draft of a file route; made on first use. `label` is set for a version folder outside a runtime folder. */
  fileDraft(entry: Entry, label?: { readonly name: string; readonly version: string }): Draft {
    const path = joinPath(entry.folder, entry.file.name);
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const overlays = [...upwards(entry.folder)].flatMap(({ config }) =>
      config !== null && config.identity === null ? [config.policy] : [],
    );
    const draft: Draft = {
      kind: 'file',
      entry,
      home: entry.folder,
      name: label?.name ?? path,
      version: label?.version ?? 'default',
      patches: overlays,
      own: entry.folder.config,
      explicitMethods: new Set(),
    };
    this.#files.set(path, draft);
    return draft;
  }

  addNamed(draft: Draft): Draft {
    this.#named.push(draft);
    const path = joinPath(draft.entry.folder, draft.entry.file.name);
    if (!this.#namedByEntry.has(path)) this.#namedByEntry.set(path, draft);
    return draft;
  }

  /** Makes `/<name>@<version>` lead to the draft; of several the first enabled runtime wins. */
  addVersion(name: string, version: string, draft: Draft): void {
    const path = `${name}@${version}`;
    this.#versions.set(path, [...(this.#versions.get(path) ?? []), draft]);
  }

  claim(
    draft: Draft,
    route: Pick<Claim, 'pattern' | 'methods' | 'rank' | 'source'> & { forced?: boolean },
  ): void {
    if (isReservedRoute(route.pattern)) {
      this.warn(
        'reserved_route',
        route.source,
        `${route.pattern} is kept by the gateway; no function can have it`,
      );
      return;
    }
    const entryPath = joinPath(draft.entry.folder, draft.entry.file.name);
    const hosts = draft.patches.find((patch) => patch.allowHosts !== undefined)?.allowHosts ?? null;
    this.claims.push({ forced: false, ...route, hosts, entryPath, draft });
  }

  /** One source file is one function: a file route to the entry of a named function leads to that function. */
  settle(draft: Draft): Draft {
    if (draft.kind === 'named') return draft;
    return this.#namedByEntry.get(joinPath(draft.entry.folder, draft.entry.file.name)) ?? draft;
  }

  /** Every function that something leads to, named ones first. */
  drafts(): Draft[] {
    const led = [...this.claims.map((claim) => claim.draft), ...[...this.#versions.values()].flat()];
    return [...new Set([...this.#named, ...led.map((draft) => this.settle(draft))])];
  }

  versions(): Map<string, Draft> {
    const rank = (draft: Draft) => this.options.runtimes.indexOf(draft.entry.runtime);
    const best = new Map<string, Draft>();
    for (const [path, drafts] of this.#versions) {
      const [first] = drafts.map((draft) => this.settle(draft)).sort((a, b) => rank(a) - rank(b));
      if (first !== undefined) best.set(path, first);
    }
    return best;
  }
}

/** Methods of a named function's policy routes. */
export function namedMethods(patches: readonly PolicyPatch[]): FunctionPolicy['methods'] {
  return patches.find((patch) => patch.methods !== undefined)?.methods ?? ['GET'];
}
