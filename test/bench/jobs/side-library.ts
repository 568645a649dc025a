// One side of the rates: this library. `SIDE` is plain or tracked.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Jobs, openJobs } from "queuehost/jobs";
import { type Opened, type Place, rates } from "./measures";
import { serve } from "./serve";
import { counter, MAIL, plain, settingsOf, table, tracked } from "./table";

const job = process.env.SIDE === "tracked" ? tracked : plain;

async function open({ port, prefix, folder }: Place, concurrency = 1): Promise<Opened> {
  const stateDir = mkdtempSync(join(folder, "state-"));
  const log = () => {};
  const jobs: Jobs = await openJobs(table, settingsOf(port, stateDir, prefix, concurrency), { log });
  await jobs.settled;
  return {
    add: () => jobs.enqueue(job, MAIL),
    addBulk: (n) => jobs.enqueueBulk(job, Array(n).fill(MAIL)),
    work(count) {
      counter.count = count;
      jobs.work(["bench"]);
    },
    async close() {
      await jobs.shutdown();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

serve(rates(open));
