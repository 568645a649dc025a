import { type Jobs, maybeRunSandbox, openJobs } from "queuehost/jobs";
import { type Config, readConfig } from "./config";
import { configure } from "./configuration";
import { loadEnvironment } from "./environment";
import { die, type Running, run } from "./lifecycle";
import { log, reason } from "./log";
import { setRecurring } from "./recurring";
import { openConfirmations } from "./reservations/confirmations";
import { openServices } from "./services";
import { table } from "./table";

/** Starts to take jobs, now or as soon as the queue is there. With the queue switched off it stays, idle, until it is stopped. */
async function startWorker(config: Config): Promise<Running> {
  await openConfirmations(config.STATE_DIR);
  const jobs = await openJobs(table, config.settings);
  await openServices(config.services, jobs);
  if (!jobs.provider) return idle(config, jobs);
  const working = jobs.work();
  void working.failed.then((error) => die("Worker", error));
  const stopping = new AbortController();
  setRecurring(jobs, stopping.signal).catch((error: unknown) => log(`[Queue] Worker-Fehler: ${reason(error)}`));
  return {
    ended: working.recycle,
    async stop() {
      stopping.abort();
      await working.stop(config.DRAIN_SECONDS * 1000);
      await jobs.shutdown();
    },
  };
}

/** Without a queue, requests do the work: a worker has none, and staying keeps its process manager content. */
function idle({ settings }: Config, jobs: Jobs): Running {
  log(`[Queue] Queue-System ist deaktiviert (${settings.eager ? "QUEUE_EAGER=true" : "QUEUE_ENABLED=false"})`);
  const staying = setInterval(() => {}, 2 ** 30);
  return {
    async stop() {
      clearInterval(staying);
      await jobs.shutdown();
    },
  };
}

if (!maybeRunSandbox(table)) {
  void run("Worker", async () => {
    loadEnvironment(__dirname);
    const config = configure(readConfig(process.env));
    return { ...(await startWorker(config)), drainSeconds: config.DRAIN_SECONDS };
  });
}
