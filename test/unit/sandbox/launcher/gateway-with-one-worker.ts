// Plays a gateway that is killed: starts one worker that never looks at its connection, and prints its pid.

import { dirname } from 'node:path';
import { nodeProgram, policyWith, runJailed } from '../../../security/jail-harness.ts';

const code = `console.log(process.env.TMPDIR); setInterval(() => {}, 1000)`;
let folder = '';

await runJailed({
  file: nodeProgram.file,
  args: ['-e', code],
  policy: policyWith({}),
  alter: (plan) => {
    folder = dirname(plan.workingDir);
    return plan;
  },
  started: (pid) => process.stdout.write(JSON.stringify({ pid, folder })),
});
