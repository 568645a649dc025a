/** A job that failed for good under a release that was taken back, as the server holds it. */
export interface HeldJob {
  /** Its line in the server's file, from 1. */
  readonly line: number;
  readonly database: number;
  readonly prefix: string;
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  /** JSON, as BullMQ keeps it. */
  readonly data: string;
  /** JSON, as BullMQ keeps it. */
  readonly opts: string;
  readonly failedReason: string;
  /** Milliseconds since 1970: tells whether the job that is there now is still the one that failed. */
  readonly finishedOn: string;
}

/** What is known of running a job again: begun and never done is what an interrupted replay leaves. */
export type Mark = "done" | { readonly begun: Date };

/** What is held of one release. */
export interface HeldRelease {
  readonly id: string;
  readonly jobs: readonly HeldJob[];
  /** By the jobs' lines. */
  readonly marks: ReadonlyMap<number, Mark>;
}

/** Reads what `replay.sh list` prints. */
export function parseHeld(output: string): HeldRelease[] {
  const releases: { id: string; jobs: HeldJob[]; marks: Map<number, Mark> }[] = [];
  for (const row of output.split("\n")) {
    const release = releases.at(-1);
    if (row.startsWith("RELEASE\t")) releases.push({ id: row.slice("RELEASE\t".length), jobs: [], marks: new Map() });
    else if (row.startsWith("{") && release) release.jobs.push({ ...JSON.parse(row), line: release.jobs.length + 1 });
    else if (row.startsWith("MARK\t") && release) {
      const [, what, , epoch, , line] = row.split("\t");
      release.marks.set(Number(line), what === "done" ? "done" : { begun: new Date(Number(epoch) * 1000) });
    }
  }
  return releases;
}

/** Those that haven't been run again yet. */
export const open = ({ jobs, marks }: HeldRelease): HeldJob[] => jobs.filter(({ line }) => marks.get(line) !== "done");

/** How many jobs are held of each queue and reason, the most first. */
export function counts(jobs: readonly HeldJob[]): { queue: string; reason: string; count: number }[] {
  const groups = Map.groupBy(jobs, ({ queue, failedReason }) => JSON.stringify([queue, firstLine(failedReason)]));
  return [...groups]
    .map(([key, { length: count }]) => {
      const [queue, reason] = JSON.parse(key) as [string, string];
      return { queue, reason, count };
    })
    .sort((a, b) => b.count - a.count);
}

const firstLine = (text = ""): string => text.split("\n")[0] ?? "";
