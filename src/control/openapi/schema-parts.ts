// Schemas of function inputs as parts of one OpenAPI document: their references are turned to where they stand there.

import type { FunctionUnit } from '../../discovery/catalog.ts';
import { type InputPart, inputParts, type JsonSchema } from '../../discovery/input/input-schema.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Function key and part → name below `#/components/schemas`. */
export type SchemaNames = ReadonlyMap<string, string>;

export const nameKey = (unit: FunctionUnit, part: InputPart): string => `${unit.key} ${part}`;

export interface SchemaParts {
  readonly schemas: Readonly<Record<string, unknown>>;
  readonly names: SchemaNames;
}

export function schemaParts(units: Iterable<FunctionUnit>): SchemaParts {
  const schemas: Record<string, unknown> = {};
  const names = new Map<string, string>();
  for (const unit of units) {
    for (const part of inputParts) {
      const schema = unit.input?.[part];
      if (schema === undefined) continue;
      const name = freeName(`${unit.key}_${part}`.replace(/[^A-Za-z0-9]+/g, '_'), schemas);
      names.set(nameKey(unit, part), name);
      schemas[name] = moved(schema, `#/components/schemas/${name}`);
    }
  }
  return { schemas, names };
}

function freeName(wanted: string, taken: Json): string {
  let name = wanted;
  for (let count = 2; Object.hasOwn(taken, name); count++) name = `${wanted}_${count}`;
  return name;
}

/** `#` of the schema is `base` in the document. `$schema` would make it a document of its own. */
function moved(schema: JsonSchema, base: string): unknown {
  if (typeof schema === 'boolean') return schema;
  const { $schema: _dialect, ...rest } = schema;
  return withMovedReferences(rest, base);
}

function withMovedReferences(value: unknown, base: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withMovedReferences(item, base));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) =>
      key === '$ref' && typeof child === 'string'
        ? [key, `${base}${child.slice(1)}`]
        : [key, withMovedReferences(child, base)],
    ),
  );
}

/** A reference to one property of a part; null where the part does not list it. */
export function propertyReference(
  unit: FunctionUnit,
  part: InputPart,
  property: string,
  names: SchemaNames,
): Json | null {
  const name = names.get(nameKey(unit, part));
  if (name === undefined || !Object.hasOwn(propertiesOf(unit, part), property)) return null;
  const pointer = encodeURIComponent(property.replaceAll('~', '~0').replaceAll('/', '~1'));
  return { $ref: `#/components/schemas/${name}/properties/${pointer}` };
}

/** The properties that a part lists at its top. */
export function propertiesOf(unit: FunctionUnit, part: InputPart): Json {
  const schema = unit.input?.[part];
  const properties = typeof schema === 'object' ? schema['properties'] : undefined;
  return typeof properties === 'object' && properties !== null ? (properties as Json) : {};
}

export function requiredOf(unit: FunctionUnit, part: InputPart): readonly unknown[] {
  const schema = unit.input?.[part];
  const required = typeof schema === 'object' ? schema['required'] : undefined;
  return Array.isArray(required) ? required : [];
}
