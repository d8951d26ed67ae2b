// Entry of the Node worker: fd 3 is the connection to the gateway. `--warm` only loads the program, so that a compile
// cache (NODE_COMPILE_CACHE) is filled before the first worker needs it.

import { Worker } from './worker.ts';

if (process.argv[2] !== '--warm') new Worker();
