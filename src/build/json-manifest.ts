// Manifests that are JSON: package.json and composer.json.

import { PlanFault } from './build-planner.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws PlanFault `invalid <name> at <place>: …` where it is no JSON object */
export function parseJsonManifest(text: string, name: string, place: string): JsonObject {
  const fault = (detail: string) => new PlanFault(`invalid ${name} at ${place}: ${detail}`);
  const value = parse(text, fault);
  if (!isObject(value)) throw fault('expected JSON object');
  return value;
}

function parse(text: string, fault: (detail: string) => PlanFault): unknown {
  try {
    // A byte order mark is no JSON, and the tools read over it.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw fault(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it cannot be read');
  }
}
