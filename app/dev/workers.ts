/**
 * `npm run workers:start`: the workers of ecosystem.config.cjs under PM2, where it is installed; otherwise all queues in one
 * process, here.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import ecosystem from "../ecosystem.config.cjs";
import { APP, prepareEnvironment } from "./environment";
import { asked, ProcessGroup } from "./processes";

async function main(): Promise<void> {
  prepareEnvironment();
  const workers = ecosystem.apps.map(({ name }) => name).filter((name) => name.endsWith("-worker"));
  if (spawnSync("pm2", ["--version"], { stdio: "ignore" }).status === 0) {
    const args = ["start", join(APP, "ecosystem.config.cjs"), "--only", workers.join(",")];
    process.exitCode = spawnSync("pm2", args, { stdio: "inherit" }).status ?? 1;
    return;
  }
  console.log("pm2 is not installed (npm install --global pm2): all queues in one process. Ctrl-C ends it.");
  const ending = asked();
  const worker = new ProcessGroup(process.execPath, [join(APP, "dist/worker/main.cjs")], { cwd: APP });
  const end = await Promise.race([ending, worker.ended]);
  await worker.stop();
  if (end instanceof Error) throw end;
  if (typeof end === "number") process.exitCode = end;
}

void main();
