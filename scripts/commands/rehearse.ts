import { Command, InvalidArgumentError } from "commander";
import { keepRecord } from "../../infra/rehearsal/record";
import { UserError } from "../lib/errors";
import { exclusively } from "../lib/exclusively";
import { pair } from "../lib/pair";
import { PROJECT, typed } from "../lib/places";
import { Rehearsal } from "../lib/rehearsal";
import type { Replaced } from "../rehearsal/replaced";
import { reportInWords } from "../rehearsal/report-words";
import { lookAround } from "../rehearsal/summary";
import { DataRehearsal, endDataRehearsal } from "../rehearsal/with-data";

interface Options {
  readonly stack: string;
  readonly fromBackup: string;
  readonly set?: Replaced;
  readonly for: number;
  readonly answer: number;
  readonly failures: number;
  readonly keep?: true;
  readonly json?: true;
}

/** `queuehost rehearse`: the next release with a stack's own data, where nothing of it can do harm. */
export const rehearse = new Command("rehearse")
  .description("try what would be deployed on a machine of the twin with a stack's data, cut off from the world")
  .requiredOption("--stack <name>", "the stack")
  .option("--from-backup <backup>", "latest, or what `backups` lists, or a date (20261122) for its last one", "latest")
  .option(
    "--for <seconds>",
    "how long the workers work, where their queues don't get empty before",
    within(1, 86_400),
    60,
  )
  .option(
    "--set <env.KEY=value>",
    "a variable of the stack's to have another value in the rehearsal; may be given again",
    pair,
  )
  .option("--answer <status>", "what requests over HTTP to somebody outside are answered with", within(200, 599), 503)
  .option(
    "--failures <count>",
    "how many jobs may fail for good, those aside that needed somebody outside",
    within(0, 1e9),
    0,
  )
  .option("--keep", `leave the machine running to look at; ${typed("stop")} deletes it`)
  .option("--json", "print the report as JSON")
  .action(
    async ({ stack, fromBackup: from, set: replaced = {}, for: seconds, answer, failures, keep, json }: Options) => {
      if (process.platform !== "linux")
        throw new UserError(`A rehearsal runs real Debian machines and needs Linux; this is ${process.platform}.`);
      const rehearsal = new Rehearsal().withData;
      const who = typed("rehearse", "--stack", stack);
      // What was kept, or what one that was killed has left.
      if (rehearsal.exists) await exclusively(rehearsal.folder, who, () => endDataRehearsal(rehearsal));
      rehearsal.create();
      const run = new DataRehearsal(rehearsal, stack, { from, replaced, seconds, answer, failures });
      let isKept = false;
      try {
        const report = await exclusively(rehearsal.folder, who, () => run.run());
        const { release } = report;
        if (release !== undefined) keepRecord(PROJECT, stack, { ...report, release });
        console.log(json ? JSON.stringify(report, null, 2) : `\n${reportInWords(report)}`);
        if (keep) {
          (json ? console.error : console.log)(await lookAround(run.pulumi, rehearsal));
          isKept = true;
        }
        if (!report.ok) process.exitCode = 1;
      } finally {
        if (isKept) run.leave();
        else await run.end();
      }
    },
  );

/** A whole number of an option. */
function within(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`should be a number from ${least} to ${most}, got ${text}`);
    return value;
  };
}
