// `fastfn doctor` and `fastfn doctor domains`: findings as text or JSON; status 1 when one of them is FAIL.

import type { Command } from 'commander';
import { type CliContext, type CommandAdder, CommandFailure, exitStatus } from './cli-context.ts';
import { type Check, countFailures, type DoctorScope, doctorJson, doctorText } from './doctor/check.ts';
import type { DomainFlags } from './doctor/domains.ts';

export const addDoctorCommand: CommandAdder = (program, context, report) => {
  const doctor = program
    .command('doctor')
    .description('look for what is missing or wrong on this host and in this project')
    .option('--json', 'print JSON')
    .option('--fix', 'create a fastfn.json where there is none')
    .action(async (_flags: unknown, command: Command) => {
      const { json, fix, ...flags } = command.optsWithGlobals();
      const { generalChecks } = await import('./doctor/general.ts');
      report(finish('general', await generalChecks(context, flags, fix === true), json === true, context));
    });
  doctor
    .command('domains')
    .description('check that domains lead here: DNS, TLS, redirect')
    .option('--domain <name>', 'domain to check; may be repeated', collect, [])
    .option('--expected-target <target>', 'address or name that the domains should lead to')
    .option('--enforce-https <bool>', 'whether plain HTTP must lead to HTTPS', 'true')
    .option('--json', 'print JSON')
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<DomainFlags>();
      const { domainChecks } = await import('./doctor/domains.ts');
      report(finish('domains', await domainChecks(context, flags), flags.json === true, context));
    });
};

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

function finish(scope: DoctorScope, checks: readonly Check[], json: boolean, context: CliContext): number {
  if (json) context.print(JSON.stringify(doctorJson(scope, checks, new Date()), null, 2));
  else context.print(doctorText(scope, checks));
  const failures = countFailures(checks);
  if (failures === 0) return exitStatus.done;
  throw new CommandFailure(`doctor found ${failures} failing check(s)`);
}
