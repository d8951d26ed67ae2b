// What user code sees of the process around it: the function's environment and an argument list without the gateway's
// options and paths.

/** Of the runtime, not of the function: options, anything of the gateway's. */
const runtimeOwned = /^(?:NODE_(?!EXTRA_CA_CERTS$)|FN_)/i;

export function cleanProcess(entry: string, env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (runtimeOwned.test(name)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, entry];
  process.execArgv = [];
  // The default listener writes to the process's own stderr; here a warning is output like any other.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!('code' in warning) || warning.code !== 'MODULE_TYPELESS_PACKAGE_JSON') {
      process.stderr.write(`${warning.name}: ${warning.message}\n`);
    }
  });
}

/** Keeps a handle of the worker's own out of `process._getActiveHandles()`, where user code would find it to write to. */
export function hideHandle(handle: object): void {
  const active = Reflect.get(process, '_getActiveHandles') as () => unknown[];
  Reflect.set(process, '_getActiveHandles', () => active.call(process).filter((other) => other !== handle));
}
