import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisServer } from "../../unit/app/support/redis-server";
import { median, table } from "./figures";
import { BULK, PARALLEL, type Place } from "./measures";
import { bundle, Program } from "./program";

const SIDES = ["bare", "plain", "tracked"] as const;
type Side = (typeof SIDES)[number];

/** What is measured, with how many jobs of which side. */
const MEASURES = [
  { name: "add, one after another", command: "addOneByOne", jobs: 2000, trackedJobs: 1000 },
  { name: `add, ${PARALLEL} in parallel`, command: "addInParallel", jobs: 20_000, trackedJobs: 2000 },
  { name: `add in bulk, ${BULK} each`, command: "addInBulk", jobs: 20_000, trackedJobs: 5000 },
  { name: "work, one at a time", command: "work", jobs: 2000, trackedJobs: 1000, concurrency: 1 },
  { name: "work, 50 at a time", command: "work", jobs: 10_000, trackedJobs: 2000, concurrency: 50 },
] as const;

/**
 * Jobs a second through this library beside bare BullMQ: the same job, options and Redis (`appendfsync always`), taking turns.
 *
 * @returns lines to print
 */
export async function measureRates({ rounds, share }: { rounds: number; share: number }): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-bench-"));
  const redis = await RedisServer.start();
  const programs: Program[] = [];
  try {
    const bare = await bundle(join(__dirname, "side-bare.ts"), folder);
    const library = await bundle(join(__dirname, "side-library.ts"), folder);
    const sides = new Map<Side, Program>();
    for (const side of SIDES) {
      const program = Program.start(side === "bare" ? bare : library, { SIDE: side });
      programs.push(program);
      sides.set(side, program);
    }
    const rows: string[][] = [];
    for (const { name, command, jobs, trackedJobs, ...more } of MEASURES) {
      const seen: Record<Side, number[]> = { bare: [], plain: [], tracked: [] };
      for (let round = 0; round < rounds; round += 1) {
        // Whoever is first has the emptier machine: each side is in turn.
        for (const side of SIDES.map((_, at) => SIDES[(at + round) % SIDES.length] ?? "bare")) {
          await redis.command("FLUSHALL");
          const place: Place = { port: redis.port, prefix: `bench-${side}`, folder };
          const n = Math.ceil(((side === "tracked" ? trackedJobs : jobs) * share) / BULK) * BULK;
          const rate = await sides
            .get(side)
            ?.ask<number>(command, place, n, "concurrency" in more ? more.concurrency : 1);
          seen[side].push(rate ?? Number.NaN);
        }
      }
      const ratio = (side: Side) => median(seen[side].map((rate, round) => rate / (seen.bare[round] ?? Number.NaN)));
      const perSecond = (side: Side) => Math.round(median(seen[side])).toLocaleString("en");
      const [plain, tracked] = [ratio("plain").toFixed(2), ratio("tracked").toFixed(2)];
      const row = [name, perSecond("bare"), perSecond("plain"), plain, perSecond("tracked"), tracked];
      console.error(row.join("  "));
      rows.push(row);
    }
    return table(["jobs a second", "bare BullMQ", "library", "ratio", "tracked", "ratio"], rows);
  } finally {
    await Promise.all(programs.map((program) => program.end()));
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
