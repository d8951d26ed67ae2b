// The catalog: an immutable picture of a functions tree: what there is, which routes lead to it, what is wrong with it.
// A scan makes a new one; nobody changes an old one, so a request uses the one it started with to its end.

import type { Fault } from '../policy/fault.ts';
import type { FunctionPolicy, HttpMethod } from '../policy/function-policy.ts';
import type { HomeTarget } from '../policy/home-target.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { FunctionDocs } from './function-docs.ts';
import type { InputSchema } from './input/input-schema.ts';

/** One version of one function, or one file that is a function. */
export interface FunctionUnit {
  /** `<runtime>/<name-or-file>@<version or "default">`. */
  readonly key: string;
  readonly runtime: RuntimeName;
  /** Name of a named function, or the file's path relative to the root. */
  readonly name: string;
  /** `default` when unversioned. */
  readonly version: string;
  /** Absolute folder of the handler file. */
  readonly dir: string;
  /** Absolute folder of the function, which holds its `fn.config.json`: `dir`, or above it where `entrypoint` leads deeper. */
  readonly home: string;
  /** Absolute handler file; resolved once, here. */
  readonly entry: string;
  readonly kind: 'file' | 'named';
  readonly policy: FunctionPolicy;
  /** Absolute path of the `fn.env.json` that applies (next to the handler), or null. */
  readonly envFile: string | null;
  /** Absolute entries the worker may read (contract/sandbox.md 3): never a protected file, never another function. */
  readonly readable: readonly string[];
  /** Folders it may list. */
  readonly listable: readonly string[];
  /** Changes when any file of the function changes: a new signature means new workers. */
  readonly signature: string;
  /** What its callers are told when it is listed but, for a config fault, not served; else null. */
  readonly refused: string | null;
  /** What it takes: checked before it is called. Absent: whatever comes. */
  readonly input?: InputSchema;
  /** Secrets of the operator's store that its config asks for. Absent: none. */
  readonly secrets?: readonly string[];
  /** What its config says for the API documentation; comments in its source say the rest. */
  readonly docs?: FunctionDocs;
  /** Code of that refusal where it is no config fault. */
  readonly refusedAs?: 'sandbox_unavailable';
}

export interface Route {
  /** Normalised: `/users/:id`, `/files/:path*`. */
  readonly pattern: string;
  readonly methods: readonly HttpMethod[];
  /** null = any host. */
  readonly hosts: readonly string[] | null;
  readonly functionKey: string;
  /** 3 policy, 2 manifest, 1 file (contract/routing.md 7). */
  readonly rank: 1 | 2 | 3;
  readonly forced: boolean;
  /** Where the claim comes from, relative to the root. */
  readonly source: string;
}

/** Two targets claim the same method and host of one pattern: that method and host answer 409. */
export interface RouteConflict {
  readonly pattern: string;
  readonly methods: readonly HttpMethod[];
  readonly hosts: readonly string[] | null;
  /** Function keys, sources beside them. */
  readonly claimants: readonly { readonly functionKey: string; readonly source: string }[];
}

export interface DiscoveryWarning {
  /** Stable word, for example `ambiguous_method`, `reserved_route`, `too_deep`, `private_file`. */
  readonly code: string;
  /** Relative to the root. */
  readonly file: string;
  readonly message: string;
  /** `info`: nothing is wrong, for example a private file and why it is private. Absent: a warning. */
  readonly level?: 'info';
}

/** Static files beside the functions (contract/assets-home-openapi.md A). */
export interface AssetsPlan {
  /** Absolute; existed when the tree was scanned. */
  readonly directory: string;
  /** Navigation that finds nothing gets `index.html` with 200. */
  readonly isSpa: boolean;
  /** Functions before files. */
  readonly workerFirst: boolean;
}

export interface Catalog {
  /** 1, 2, 3 … per process. */
  readonly generation: number;
  /** Epoch ms. */
  readonly generatedAt: number;
  /** Absolute. */
  readonly root: string;
  readonly runtimes: readonly RuntimeName[];
  readonly functions: ReadonlyMap<string, FunctionUnit>;
  /** In the order in which they are tried; those in conflict included, whose shared methods and hosts answer 409. */
  readonly routes: readonly Route[];
  readonly conflicts: readonly RouteConflict[];
  /** `<name>@<version>` as it may stand in a URL → function key; of several runtimes the first enabled one. */
  readonly versions?: ReadonlyMap<string, string>;
  /** null or absent = no files are served. */
  readonly assets?: AssetsPlan | null;
  /** `<device>:<inode>` of configs and secrets, which no other name may serve either. */
  readonly secretInodes?: ReadonlySet<string>;
  /** What the root folder says of `/`; absent = nothing. */
  readonly home?: HomeTarget;
  readonly warnings: readonly DiscoveryWarning[];
  readonly faults: readonly Fault[];
}

/** What the router says about a request; `method` and `host` misses are answers, not exceptions. */
export type RouteMatch =
  | {
      readonly kind: 'found';
      readonly unit: FunctionUnit;
      readonly route: Route | null;
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'conflict'; readonly pattern: string }
  | { readonly kind: 'host_not_allowed' }
  | { readonly kind: 'method_not_allowed'; readonly allow: readonly string[] }
  /** OPTIONS on a known path: 204 with this `Allow`. */
  | { readonly kind: 'options'; readonly allow: readonly string[] }
  | { readonly kind: 'bad_path'; readonly reason: string };

export interface RouteQuery {
  readonly method: string;
  /** As sent, undecoded, without the query. */
  readonly rawPath: string;
  /** Lower-case host with port if sent, proxies already considered; '' when absent. */
  readonly host: string;
}

export interface Router {
  match(query: RouteQuery): RouteMatch;
}
