import { type Config, readConfig } from "./config";
import { loadEnvironment } from "./environment";
import { die, type Running, run } from "./lifecycle";
import { log } from "./log";
import { ReservationWorker } from "./queue/consumer";
import { openConfirmations } from "./reservations/confirmations";

/** Starts to take jobs, now or as soon as Redis is there. With the queue switched off it stays, idle, until it is stopped. */
async function startWorker(config: Config): Promise<Running> {
  if (!config.QUEUE_ENABLED) {
    log("[Queue] Queue-System ist deaktiviert (QUEUE_ENABLED=false)");
    const idle = setInterval(() => {}, 2 ** 30);
    return { stop: async () => clearInterval(idle) };
  }
  const confirmations = await openConfirmations(config.STATE_DIR);
  const worker = new ReservationWorker(config, confirmations, (error) => die("Worker", error));
  return { stop: () => worker.stop(config.DRAIN_SECONDS * 1000) };
}

void run("Worker", async () => {
  loadEnvironment(__dirname);
  const config = readConfig(process.env);
  return { ...(await startWorker(config)), drainSeconds: config.DRAIN_SECONDS };
});
