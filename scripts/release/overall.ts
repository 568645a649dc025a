import { typed } from "../lib/places";
import { disagreement, disagreementWords } from "./agree";
import type { Instance, Status } from "./records";
import { watchWords } from "./watch";
import { ago, bytes, lockWords } from "./words";

/** Counts of jobs of one queue. */
export interface QueueCounts {
  /** With its prefix. */
  readonly name: string;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly isPaused: boolean;
}

/** What host/status/status.sh prints. */
export interface Rest {
  readonly queues: readonly QueueCounts[];
  readonly held: readonly { readonly release: string; readonly jobs: number }[];
  readonly backup?: { readonly name: string; readonly made: Date };
  readonly disk?: { readonly usedPercent: number; readonly free: number };
  /** What the script saw go wrong, in words. */
  readonly wrong: readonly string[];
}

/** Everything that `status` says. */
export interface Overall extends Status, Rest {
  readonly stack: string;
  readonly url: string;
  /** The release that Pulumi's state knows. */
  readonly recorded: string;
  /** The backend's answer from outside; absent where there is no backend. */
  readonly health?: { readonly ok: boolean; readonly seen: string };
}

/** Percent of the disk from which Redis and deployments are in danger. */
const FULL = 90;

export function parseRest(output: string): Rest {
  const rows = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
  const of = (kind: string) => rows.filter(([first]) => first === kind).map(([, ...cells]) => cells);
  const [[made, backup = ""] = []] = of("backup");
  const [[percent, free] = []] = of("disk");
  return {
    queues: of("queue").map(([name = "", ...counts]) => {
      const [waiting = 0, active = 0, delayed = 0, failed = 0, paused = 0] = counts.map(Number);
      return { name, waiting, active, delayed, failed, isPaused: paused === 1 };
    }),
    held: of("held").map(([release = "", jobs]) => ({ release, jobs: Number(jobs) })),
    ...(made !== undefined && { backup: { name: backup, made: new Date(Number(made) * 1000) } }),
    ...(percent !== undefined && { disk: { usedPercent: Number(percent), free: Number(free) } }),
    wrong: [
      ...of("redis").map(([said]) => `Redis doesn't answer: ${said}`),
      ...of("backup-failed").map(([result]) => `the last backup failed (${result}); its journal says why`),
    ],
  };
}

/** All that isn't as it should be. What somebody has ordered, a lock or maintenance, is not among it. */
export function faultsOf(seen: Overall): string[] {
  const differs = disagreement(seen.recorded, seen);
  return [
    ...(seen.release === "" ? ["no release is in service"] : []),
    ...seen.instances
      .filter(({ state }) => !RUNNING.includes(state))
      .map(({ unit, state, ...one }) => `${unit} is ${state} (${times(one)})`),
    ...(seen.health === undefined || seen.health.ok || seen.maintenance !== undefined
      ? []
      : [`${seen.url} isn't healthy: ${seen.health.seen}`]),
    ...(differs === undefined
      ? []
      : [`${disagreementWords(differs)} Record that: ${typed("up", "--stack", seen.stack)}`]),
    ...(seen.backup === undefined ? ["there is no backup"] : []),
    ...(seen.disk !== undefined && seen.disk.usedPercent >= FULL
      ? [`the disk is ${seen.disk.usedPercent} % full: ${bytes(seen.disk.free)} are left`]
      : []),
    ...seen.wrong,
  ];
}

/** As systemd and PM2 name a process that runs. */
const RUNNING = ["active", "online"];

/** For people: what it is, and how it is. */
export function rowsOf(seen: Overall): string[][] {
  const { release, side, manager, since, health, lock, maintenance, backup, disk } = seen;
  const [first, ...others] = seen.instances.map(
    ({ unit, state, memory, ...one }) => `${unit}  ${state}, ${times(one)}, ${bytes(memory)}`,
  );
  const queues = seen.queues.map(
    ({ name, waiting, active, delayed, failed, isPaused }) =>
      `${name}  ${waiting} waiting, ${active} active, ${delayed} delayed, ${failed} failed${isPaused ? ", paused" : ""}`,
  );
  return [
    ["release", release === "" ? "none" : `${release} on side ${side} (${manager}), since ${ago(since)}`],
    ["url", `${seen.url}${health === undefined ? "" : `  ${health.seen}`}`],
    ["processes", first ?? "none"],
    ...others.map((line) => ["", line]),
    ["queues", queues[0] ?? "none"],
    ...queues.slice(1).map((line) => ["", line]),
    ["lock", lock === undefined ? "none" : lockWords(lock)],
    [
      "maintenance",
      maintenance === undefined ? "off" : `on, by ${maintenance.who} ${ago(maintenance.since)}: ${maintenance.why}`,
    ],
    ["watch", watchWords(seen) ?? "none"],
    [
      "held jobs",
      seen.held.map(({ release, jobs }) => `${jobs} that failed under release ${release}`).join(", ") || "none",
    ],
    ["backup", backup === undefined ? "none" : `${backup.name}, ${ago(backup.made)}`],
    ["disk", disk === undefined ? "unknown" : `${disk.usedPercent} % used, ${bytes(disk.free)} free`],
  ];
}

const times = ({ restarts, ended }: Pick<Instance, "restarts" | "ended">) =>
  `${restarts === 1 ? "1 restart" : `${restarts} restarts`}${ended === undefined ? "" : `, the last after ${ended}`}`;
