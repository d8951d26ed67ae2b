// The part of gateway.ts that commands use, as types: the catalog and sandbox types reach the command line only by way
// of the functions that return them.

type Whole = typeof import('../gateway.ts');

export type GatewayModule = Pick<
  Whole,
  | 'buildFunctions'
  | 'createGateway'
  | 'inspectBuilds'
  | 'inspectFunctions'
  | 'inspectSandbox'
  | 'proveSandbox'
>;
export type Gateway = Awaited<ReturnType<Whole['createGateway']>>;
export type Catalog = Awaited<ReturnType<Whole['inspectFunctions']>>;
export type SandboxLayers = Awaited<ReturnType<Whole['inspectSandbox']>>;
export type AheadRow = Awaited<ReturnType<Whole['buildFunctions']>>[number];
export type PastBuilds = Awaited<ReturnType<Whole['inspectBuilds']>>;
export type ProveReport = Awaited<ReturnType<Whole['proveSandbox']>>;

/** Brings in the whole product; several hundred milliseconds from TypeScript, so never at start-up of the command line. */
export function loadGateway(): Promise<GatewayModule> {
  return import('../gateway.ts');
}
