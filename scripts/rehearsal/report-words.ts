import type { Replaced } from "../backups/records";
import { jobsInWords } from "../backups/records";
import { columns } from "../lib/columns";
import type { Report } from "./report";
import type { Outcome } from "./tally";
import type { Trapped } from "./trapped";

/** So many lines of each part are shown. */
const SHOWN = 12;

/** A rehearsal with data, as a person reads it. */
export function reportInWords(report: Report): string {
  const { stack, backup, release, seconds, replaced, faults, ok } = report;
  const took = Object.entries(seconds).map(([step, count]) => [`  ${step}`, `${count.toFixed(1)} s`]);
  return [
    `Release ${release ?? "(none)"} with backup ${backup.id} of stack ${stack}`,
    ...(replaced.length === 0 ? [] : [`Other values than the stack's: ${replaced.join(", ")}`]),
    part("Seconds", columns(took)),
    part("Changed by the migration", changes(report.migrated, "in the backup", "migrated")),
    part("Queues", queues(report.queues)),
    part("Failed jobs", reasons(report.queues)),
    part("Changed in all", changes(report.differences, "in the backup", "at the end")),
    ...(report.trapped === undefined ? [] : [part("Kept from leaving", trapped(report.trapped))]),
    ok ? "The rehearsal was good." : `The rehearsal was NOT good:\n${faults.map((fault) => `  ${fault}`).join("\n")}`,
  ].join("\n\n");
}

const part = (title: string, text: string) => `${title}\n${text === "" ? "  nothing" : text}`;

const changes = (plan: readonly Replaced[], before: string, after: string) =>
  plan.length === 0
    ? ""
    : columns(
        cut([["", before, after], ...plan.map(({ what, now = "-", backup = "-" }) => [what, backup, now])]).map(
          ([first = "", ...rest]) => [`  ${first}`, ...rest],
        ),
      );

function queues(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ queue, jobs, completed, failed, again, cut, paused }) => [
    `  ${queue}`,
    `${cut ? "more than " : ""}${completed} done, ${failed} failed, ${again} to be tried again`,
    `left: ${jobsInWords(jobs)}${paused ? "; paused" : ""}`,
  ]);
  return columns(rows);
}

function reasons(outcomes: readonly Outcome[]): string {
  const all = outcomes.flatMap(({ queue, reasons }) => reasons.map((reason) => ({ queue, ...reason })));
  return columns(
    cut(
      all.map(({ queue, name, reason, again, count }) => [
        `  ${count} x`,
        `${queue} ${name}`,
        again ? "will be tried again" : "for good",
        reason,
      ]),
    ),
  );
}

function trapped({ destinations, said, more }: Trapped): string {
  const rows = [
    ...destinations.map(({ protocol, host, port, count }) => [`  ${count} x`, `${protocol} ${host}:${port}`]),
    ...said.flatMap((one) => {
      const count = `  ${one.count} x`;
      if (one.kind === "mail") return [[count, `mail from ${one.from} to ${one.to}: ${one.subject}`]];
      if (one.kind === "http") return [[count, `${one.method} http://${one.host}${one.path}`]];
      return one.kind === "tls" && one.host !== "" ? [[count, `https to ${one.host}`]] : [];
    }),
    ...(more === 0 ? [] : [["", `and ${more} more`]]),
  ];
  return columns(cut(rows));
}

const cut = (rows: readonly (readonly string[])[]): string[][] => [
  ...rows.slice(0, SHOWN).map((row) => [...row]),
  ...(rows.length > SHOWN ? [[`  and ${rows.length - SHOWN} more: --json has all of them`]] : []),
];
