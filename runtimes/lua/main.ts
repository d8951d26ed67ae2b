// Entry of the Lua worker, a program of Node: fd 3 is the connection to the gateway. Arguments: the WebAssembly module that
// holds Lua, and the memory that a function may take, MiB.

import { readFileSync } from 'node:fs';
import { LuaWorker } from './worker.ts';

const [modulePath = '', memoryMb = ''] = process.argv.slice(2);
new LuaWorker(readFileSync(modulePath), Number(memoryMb));
