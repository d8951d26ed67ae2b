// Compiles named rules into a classic BPF program for seccomp(2): wrong architecture → the process dies; x32 numbers and
// numbers that no rule names → ENOSYS; the rest by binary search over the number, so that a verdict costs few steps and
// the kernel can cache unconditional ones. Blocks only use forward distances, so they compose without labels.

import { allow, type Check, type ConditionalRule, type Rule, refuse, type Verdict } from './rule.ts';

/** struct sock_filter of <linux/filter.h>. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

// Instruction codes, <linux/bpf_common.h>.
export const opcode = {
  loadWord: 0x20, // BPF_LD | BPF_W | BPF_ABS
  jumpEqual: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  jumpAtLeast: 0x35, // BPF_JMP | BPF_JGE | BPF_K
  jump: 0x05, // BPF_JMP | BPF_JA
  and: 0x54, // BPF_ALU | BPF_AND | BPF_K
  answer: 0x06, // BPF_RET | BPF_K
} as const;

// Filter results, <linux/seccomp.h>.
export const filterResult = { allow: 0x7fff0000, errno: 0x00050000, killProcess: 0x80000000 } as const;

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of <linux/audit.h>. */
export const auditArch = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

/** __X32_SYSCALL_BIT of <asm/unistd.h>: the same kernel entry with 32-bit pointers, a known way around filters. */
const x32Bit = 0x40000000;

// Offsets in struct seccomp_data, <linux/seccomp.h>; both architectures are little-endian.
const offsetNumber = 0;
const offsetArch = 4;
const offsetArgs = 16;

/** BPF_MAXINSNS of <linux/bpf_common.h>. */
const maxInstructions = 4096;

const load = (k: number): Instruction => ({ code: opcode.loadWord, jt: 0, jf: 0, k });
const jump = (k: number): Instruction => ({ code: opcode.jump, jt: 0, jf: 0, k });
const answer = (k: number): Instruction => ({ code: opcode.answer, jt: 0, jf: 0, k: k >>> 0 });

function answerVerdict(verdict: Verdict): Instruction {
  return answer(verdict.do === 'allow' ? filterResult.allow : filterResult.errno | verdict.errno);
}

/** `body` runs when the check holds; otherwise control continues behind it. */
function guardWith(check: Check, body: readonly Instruction[]): Instruction[] {
  const offset = offsetArgs + 8 * check.arg + (check.half === 'high' ? 4 : 0);
  const mask = check.mask === undefined ? [] : [{ code: opcode.and, jt: 0, jf: 0, k: check.mask >>> 0 }];
  const tests = check.anyOf.map((value, index) => ({
    code: opcode.jumpEqual,
    jt: check.anyOf.length - index,
    jf: 0,
    k: value >>> 0,
  }));
  return [load(offset), ...mask, ...tests, jump(body.length), ...body];
}

function compileLine(checks: readonly Check[], verdict: Verdict): Instruction[] {
  return checks.reduceRight<Instruction[]>((body, check) => guardWith(check, body), [answerVerdict(verdict)]);
}

function compileConditional(rule: ConditionalRule): Instruction[] {
  return [
    ...(rule.cases ?? []).flatMap(({ when, verdict }) => compileLine(when, verdict)),
    ...rule.allowWhen.flatMap((checks) => compileLine(checks, allow)),
    answerVerdict(rule.otherwise),
  ];
}

function compileRule(rule: Rule): Instruction[] {
  return 'do' in rule ? [answerVerdict(rule)] : compileConditional(rule);
}

interface Span {
  /** First system call number of the span; it reaches to the next span's start. */
  readonly from: number;
  readonly rule: Rule;
}

const sameVerdict = (a: Rule, b: Rule): boolean =>
  'do' in a && 'do' in b && a.do === b.do && (a.do === 'allow' || (b.do === 'errno' && a.errno === b.errno));

/** Joins neighbours with the same verdict and fills the gaps with ENOSYS, as for a call that does not exist. */
function toSpans(rules: ReadonlyMap<number, Rule>): Span[] {
  const unknown = refuse('ENOSYS');
  const spans: Span[] = [{ from: 0, rule: unknown }];
  const add = (span: Span) => {
    const last = spans.at(-1);
    if (last !== undefined && last.from === span.from) spans.pop();
    const before = spans.at(-1);
    if (before === undefined || !sameVerdict(before.rule, span.rule)) spans.push(span);
  };
  for (const number of [...rules.keys()].sort((a, b) => a - b)) {
    add({ from: number, rule: rules.get(number) ?? unknown });
    add({ from: number + 1, rule: unknown });
  }
  return spans;
}

function compileSearch(spans: readonly Span[]): Instruction[] {
  const middle = spans.length >> 1;
  const pivot = spans[middle];
  if (pivot === undefined) throw new Error('cannot compile an empty filter');
  if (middle === 0) return compileRule(pivot.rule);
  const below = compileSearch(spans.slice(0, middle));
  const above = compileSearch(spans.slice(middle));
  return [{ code: opcode.jumpAtLeast, jt: 0, jf: 1, k: pivot.from }, jump(below.length), ...below, ...above];
}

/** @param rules by system call number. Throws when the program would be longer than the kernel takes. */
export function compileFilter(arch: 'x64' | 'arm64', rules: ReadonlyMap<number, Rule>): Instruction[] {
  const noSuchCall = answerVerdict(refuse('ENOSYS'));
  const program = [
    load(offsetArch),
    { code: opcode.jumpEqual, jt: 1, jf: 0, k: auditArch[arch] },
    answer(filterResult.killProcess),
    load(offsetNumber),
    { code: opcode.jumpAtLeast, jt: 0, jf: 1, k: x32Bit },
    noSuchCall,
    ...compileSearch(toSpans(rules)),
  ];
  if (program.length > maxInstructions) {
    throw new Error(
      `cannot compile the filter: ${program.length} instructions, the kernel takes ${maxInstructions}`,
    );
  }
  return program;
}

/** The bytes of an array of struct sock_filter. */
export function encodeFilter(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach((instruction, index) => {
    bytes.writeUInt16LE(instruction.code, index * 8);
    bytes.writeUInt8(instruction.jt, index * 8 + 2);
    bytes.writeUInt8(instruction.jf, index * 8 + 3);
    bytes.writeUInt32LE(instruction.k, index * 8 + 4);
  });
  return bytes;
}
