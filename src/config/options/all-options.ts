// Every option there is, for whoever needs all of them: unknown-name checks, the schema's test, `--help`.

import type { AnyOption } from '../option.ts';
import { binaryOptions, runtimeBinaries } from './binary-options.ts';
import { buildOptions } from './build-options.ts';
import { controlOptions } from './control-options.ts';
import { docsOptions } from './docs-options.ts';
import { edgeOptions } from './edge-options.ts';
import { functionOptions } from './function-options.ts';
import { inferenceOptions } from './inference-options.ts';
import { laterOptions } from './later-options.ts';
import { limitOptions } from './limit-options.ts';
import { loginOptions } from './login-options.ts';
import { runtimeOptions, socketOptions } from './runtime-options.ts';
import { sandboxOptions } from './sandbox-options.ts';
import { secretOptions } from './secret-options.ts';
import { serverOptions } from './server-options.ts';
import { streamOptions } from './stream-options.ts';
import { tlsOptions } from './tls-options.ts';
import { tracingOptions } from './tracing-options.ts';

export const allOptions: readonly AnyOption[] = [
  ...Object.values(serverOptions),
  ...Object.values(tlsOptions),
  ...Object.values(edgeOptions),
  ...Object.values(functionOptions),
  ...Object.values(runtimeOptions),
  ...Object.values(socketOptions),
  ...Object.values(binaryOptions),
  runtimeBinaries,
  ...Object.values(sandboxOptions),
  ...Object.values(limitOptions),
  ...Object.values(streamOptions),
  ...Object.values(controlOptions),
  ...Object.values(docsOptions),
  ...Object.values(tracingOptions),
  ...Object.values(secretOptions),
  ...Object.values(loginOptions),
  ...Object.values(buildOptions),
  ...Object.values(inferenceOptions),
  ...Object.values(laterOptions),
];
