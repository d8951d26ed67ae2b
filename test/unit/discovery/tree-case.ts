// One row of the routing tables: a tree, requests, and what answers.

import type { ScanOptions } from '../../../src/discovery/scan.ts';
import type { TreeTable } from './tree-fixture.ts';

export interface TreeCase {
  readonly what: string;
  readonly tree: TreeTable;
  readonly options?: Partial<ScanOptions>;
  readonly rows: readonly (readonly [request: string, answer: string, host?: string])[];
  readonly warnings?: readonly string[];
}
