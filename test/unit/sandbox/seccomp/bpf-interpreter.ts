// Evaluates a classic BPF program on one struct seccomp_data, as the kernel does, so that tests see what a filter decides.

import { filterResult, type Instruction, opcode } from '../../../../src/sandbox/seccomp/bpf-program.ts';

export interface SystemCall {
  readonly arch: number;
  readonly number: number;
  readonly args?: readonly bigint[];
}

export type Decision = 'allow' | 'kill' | { readonly errno: number };

/** struct seccomp_data of <linux/seccomp.h>. */
function encode({ arch, number, args = [] }: SystemCall): Buffer {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  args.forEach((value, index) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, value), 16 + 8 * index);
  });
  return data;
}

function decide(result: number): Decision {
  if (result === filterResult.allow) return 'allow';
  if (result === filterResult.killProcess) return 'kill';
  return { errno: result & 0xffff };
}

/** Throws when the program runs off its end, which the kernel would refuse at load. */
export function evaluate(program: readonly Instruction[], call: SystemCall): Decision {
  const data = encode(call);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 1) {
    const instruction = program[at];
    if (instruction === undefined) break;
    const { code, jt, jf, k } = instruction;
    if (code === opcode.loadWord) accumulator = data.readUInt32LE(k);
    else if (code === opcode.and) accumulator = (accumulator & k) >>> 0;
    else if (code === opcode.jump) at += k;
    else if (code === opcode.jumpEqual) at += accumulator === k ? jt : jf;
    else if (code === opcode.jumpAtLeast) at += accumulator >= k ? jt : jf;
    else if (code === opcode.answer) return decide(k);
    else throw new Error(`cannot evaluate instruction ${code}`);
  }
  throw new Error('cannot evaluate: the program has no answer');
}
