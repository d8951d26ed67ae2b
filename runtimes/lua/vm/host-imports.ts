// What the Lua module asks of the system it believes to be under it. It gets time and memory up to a limit; files, programs
// and environment do not exist here, so that what Lua's own libraries could reach is nothing, whatever a handler finds.

import { formatTime, secondsOfLocal, writeLocal, writeUtc } from './calendar.ts';
import type { LuaApi } from './lua-api.ts';
import { type WasmImports, wasm } from './web-assembly.ts';

const pageBytes = 65_536;
/** emscripten's numbers of errors are WASI's: ENOSYS, EBADF. */
const noSuchCall = -52;
const badDescriptor = 8;
const tmInts = 10;

export interface HostLimits {
  /** Most memory of the machine, bytes. Beyond it an allocation fails, which Lua tells as `not enough memory`. */
  readonly maxMemoryBytes: number;
}

/** A longjmp of C travels as this number; anything else that is thrown is not the machine's. */
export const longJump = Number.POSITIVE_INFINITY;

/** @param machine the module's exports, once it is there */
export function hostImports(machine: () => LuaApi, limits: HostLimits, clock: () => number): WasmImports {
  const ints = (address: number, count: number) => new Int32Array(machine().memory.buffer, address, count);
  const refused = () => noSuchCall;
  const closed = () => badDescriptor;
  return {
    env: {
      abort: () => {
        throw new wasm.RuntimeError('the Lua machine gave up');
      },
      exit: () => {
        throw new wasm.RuntimeError('the Lua machine ended');
      },
      invoke_vii: protectedCall(machine),
      _emscripten_throw_longjmp: () => {
        throw longJump;
      },
      emscripten_resize_heap: (bytes: number) => grow(machine(), bytes >>> 0, limits.maxMemoryBytes),
      emscripten_date_now: clock,
      _emscripten_get_now_is_monotonic: () => 1,
      _tzset_js: () => undefined,
      _mktime_js: (tm: number) => secondsOfLocal(ints(tm, tmInts)),
      _localtime_js: (seconds: bigint, tm: number) => writeLocal(seconds, ints(tm, tmInts)),
      _gmtime_js: (seconds: bigint, tm: number) => writeUtc(seconds, ints(tm, tmInts)),
      strftime: (target: number, room: number, format: number, tm: number) =>
        writeText(machine(), target, room, formatTime(readText(machine(), format), ints(tm, tmInts))),
      system: () => 0,
      __syscall_openat: refused,
      __syscall_fcntl64: refused,
      __syscall_ioctl: refused,
      __syscall_dup3: refused,
      __syscall_unlinkat: refused,
      __syscall_rmdir: refused,
      __syscall_renameat: refused,
      __syscall_readlinkat: refused,
    },
    wasi_snapshot_preview1: {
      fd_write: closed,
      fd_read: closed,
      fd_close: closed,
      fd_seek: closed,
      environ_sizes_get: (count: number, size: number) => {
        ints(count, 1)[0] = 0;
        ints(size, 1)[0] = 0;
        return 0;
      },
      environ_get: () => 0,
    },
  };
}

/**
 * Calls C code that may jump away (setjmp), in the way that emscripten compiled it. Asking the machine's table for a
 * function costs more than most calls: an entry never changes, so it is asked for once.
 */
function protectedCall(machine: () => LuaApi): (code: number, first: number, second: number) => void {
  const known: ((first: number, second: number) => unknown)[] = [];
  return (code, first, second) => {
    const api = machine();
    const call = known[code] ?? api.__indirect_function_table.get(code);
    known[code] = call;
    const stack = api.stackSave();
    try {
      call(first, second);
    } catch (thrown) {
      if (thrown !== longJump) throw thrown;
      api.stackRestore(stack);
      api.setThrew(1, 0);
    }
  };
}

/** 1 = there is room for `bytes` in all, 0 = there is not. By a fifth at least, so that growing stays rare. */
function grow({ memory }: LuaApi, bytes: number, maxBytes: number): number {
  const present = memory.buffer.byteLength;
  if (bytes > maxBytes) return 0;
  const wanted = Math.min(maxBytes, Math.max(bytes, present + Math.ceil(present / 5)));
  try {
    memory.grow(Math.ceil((wanted - present) / pageBytes));
    return 1;
  } catch {
    return 0;
  }
}

/** strftime's answer: bytes written without the NUL, or 0 when they do not fit. */
function writeText(machine: LuaApi, address: number, room: number, text: string): number {
  const bytes = Buffer.from(`${text}\0`, 'latin1');
  if (bytes.length > room) return 0;
  new Uint8Array(machine.memory.buffer, address).set(bytes);
  return bytes.length - 1;
}

function readText(machine: LuaApi, address: number): string {
  const bytes = Buffer.from(machine.memory.buffer, address);
  return bytes.toString('latin1', 0, bytes.indexOf(0));
}
