// Entry of the Node worker: fd 3 is the connection to the gateway.

import { Worker } from './worker.ts';

new Worker();
