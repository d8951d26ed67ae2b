// What an operation of the OpenAPI document is made from.

import type { FunctionUnit } from '../../discovery/catalog.ts';
import type { FunctionDocs } from '../../discovery/function-docs.ts';
import type { HttpMethod } from '../../policy/function-policy.ts';
import type { PathTemplate } from './path-template.ts';
import type { SchemaNames } from './schema-parts.ts';

export interface OperationFacts {
  readonly method: HttpMethod;
  readonly template: PathTemplate;
  readonly unit: FunctionUnit;
  readonly docs: FunctionDocs;
  readonly names: SchemaNames;
  /** Other versions of a named function, as paths. */
  readonly versions: readonly string[];
}
