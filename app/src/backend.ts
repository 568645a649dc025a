import { join } from "node:path";
import { maybeRunSandbox, openJobs } from "queuehost/jobs";
import { type Config, readConfig } from "./config";
import { configure } from "./configuration";
import { loadEnvironment, releaseId } from "./environment";
import { createServer } from "./http/server";
import { type Running, run } from "./lifecycle";
import { log } from "./log";
import { openConfirmations } from "./reservations/confirmations";
import { Reservations } from "./reservations/service";
import { openServices } from "./services";
import { table } from "./table";

/** Starts to serve; resolves when the port is open, whether the queue is there or not. */
async function startBackend(config: Config, folder: string): Promise<Running> {
  const confirmations = await openConfirmations(config.STATE_DIR);
  const jobs = await openJobs(table, config.settings);
  if (!config.settings.enabled) log("[Queue] Queue-System ist deaktiviert (QUEUE_ENABLED=false)");
  await openServices(config.services, jobs);
  const reservations = new Reservations(jobs, confirmations);
  const release = releaseId(folder, process.env);
  const folders = { publicDir: join(folder, "..", "public"), boardDir: join(folder, "..", "board") };
  const app = await createServer({ config, jobs, reservations, confirmations, release, ...folders });
  await jobs.settled;
  await app.listen({ host: config.HOST, port: config.PORT });
  log(`[Server] Release ${release} bereit auf http://${config.HOST}:${config.PORT}`);
  return {
    async stop() {
      await app.close();
      await jobs.shutdown();
    },
  };
}

if (!maybeRunSandbox(table)) {
  void run("Server", async () => {
    loadEnvironment(__dirname);
    const config = configure(readConfig(process.env));
    return { ...(await startBackend(config, __dirname)), drainSeconds: config.DRAIN_SECONDS };
  });
}
