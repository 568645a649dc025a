import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../support/wait-for";
import { RedisServer } from "../../unit/app/support/redis-server";
import { table } from "./figures";
import { bundle, Program } from "./program";
import { MAIL } from "./table";

const ROLES = [
  { role: "bare", name: "BullMQ's worker by itself" },
  { role: "worker", name: "worker of the library" },
  { role: "backend", name: "backend that enqueues tracked jobs" },
] as const;
const BULK = 100;
/** Milliseconds until a process that has started is at rest. */
const REST_MS = 3000;

/**
 * Memory of a process that waits, and of one that has done, or enqueued, jobs as fast as it could. Bundled, in plain Node.
 *
 * @returns lines to print
 */
export async function measureMemory(jobs: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-bench-"));
  const redis = await RedisServer.start();
  try {
    const bare = await bundle(join(__dirname, "idle-bare.ts"), folder);
    const library = await bundle(join(__dirname, "idle-library.ts"), folder);
    const rows: string[][] = [];
    for (const { role, name } of ROLES) {
      const process = Program.start(role === "bare" ? bare : library, {
        ROLE: role,
        REDIS: String(redis.port),
        FOLDER: folder,
      });
      try {
        await process.ask("ready");
        await process.ask("collect");
        await sleep(REST_MS);
        const idle = process.memory();
        for (let added = 0; added < jobs; added += BULK) await process.ask("add", MAIL, BULK);
        await waitFor("the jobs", async () => (await process.ask<number>("done")) >= jobs, 300);
        const busy = process.memory();
        const shown = [idle.now, idle.own, busy.now, busy.peak].map((megabytes) => `${Math.round(megabytes)} MB`);
        rows.push([name, ...shown]);
      } finally {
        await process.end();
      }
    }
    return table(["process", "idle", "idle, its own", `after ${jobs.toLocaleString("en")} jobs`, "peak"], rows);
  } finally {
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
