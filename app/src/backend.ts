import { join } from "node:path";
import { type Config, readConfig } from "./config";
import { loadEnvironment, releaseId } from "./environment";
import { createServer } from "./http/server";
import { type Running, run } from "./lifecycle";
import { log } from "./log";
import { ReservationQueue } from "./queue/producer";
import { openConfirmations } from "./reservations/confirmations";
import { Reservations } from "./reservations/service";

/** Starts to serve; resolves when the port is open, whether Redis is there or not. */
async function startBackend(config: Config, folder: string): Promise<Running> {
  const confirmations = await openConfirmations(config.STATE_DIR);
  const queue = config.QUEUE_ENABLED ? new ReservationQueue(config) : undefined;
  if (!queue) log("[Queue] Queue-System ist deaktiviert (QUEUE_ENABLED=false)");
  const reservations = new Reservations(confirmations, queue, config.CONFIRMATION_PACE_MS);
  const release = releaseId(folder, process.env);
  const publicDir = join(folder, "..", "public");
  const app = await createServer({ reservations, confirmations, queue, release, publicDir });
  await queue?.settled;
  await app.listen({ host: config.HOST, port: config.PORT });
  log(`[Server] Release ${release} bereit auf http://${config.HOST}:${config.PORT}`);
  return {
    async stop() {
      await app.close();
      await queue?.close();
    },
  };
}

void run("Server", async () => {
  loadEnvironment(__dirname);
  const config = readConfig(process.env);
  return { ...(await startBackend(config, __dirname)), drainSeconds: config.DRAIN_SECONDS };
});
