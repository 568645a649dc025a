import { z } from "zod";
import { openBullmq } from "../../../../../app/jobs/provider/bullmq";
import { createExecutor } from "../../../../../app/jobs/run/executor";
import { startWorking } from "../../../../../app/jobs/run/working";
import type { Settings } from "../../../../../app/jobs/settings";
import { openStore } from "../../../../../app/jobs/store/open";
import { defineJob } from "../../../../../app/jobs/table/define-job";

/** A worker that kills itself after the effect of its first job. */
async function main(): Promise<void> {
  const settings = JSON.parse(process.env.SETTINGS ?? "") as Settings;
  const probe = defineJob({
    name: "probe",
    queue: "work",
    description: "",
    payload: z.looseObject({}),
    run: async (_, { once }) => {
      await once(async () => "by the first");
      process.kill(process.pid, "SIGKILL");
    },
  });
  const table = { queues: { work: { description: "" } }, jobs: [probe] };
  const log = () => {};
  const provider = openBullmq(table, settings, log);
  const executor = createExecutor({ table, settings, store: await openStore(settings), log, hooks: {} });
  startWorking({ table, settings, provider, executor, queues: ["work"], log });
}

void main();
