/** A worker process that takes a job and never ends it: to be killed. Usage: node dying-worker.ts <bullmq|agenda> <settings as JSON> */
import { openAgenda } from "../../../../app/jobs/provider/agenda";
import { openBullmq } from "../../../../app/jobs/provider/bullmq";
import type { Settings } from "../../../../app/jobs/settings";
import { table } from "./table";

const [name, json = "{}"] = process.argv.slice(2);
const settings: Settings = JSON.parse(json);
const provider = name === "agenda" ? openAgenda(table, settings) : openBullmq(table, settings);
const run = async ({ id }: { id: string }) => {
  process.stdout.write(`holds ${id}\n`);
  return await new Promise<never>(() => {});
};
provider.work(["first"], run, { concurrency: 1 }, {});
