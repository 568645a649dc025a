import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, readConfig } from "../../../../app/src/config";
import { createServer } from "../../../../app/src/http/server";
import { ReservationWorker } from "../../../../app/src/queue/consumer";
import { ReservationQueue } from "../../../../app/src/queue/producer";
import { openConfirmations } from "../../../../app/src/reservations/confirmations";
import { Reservations } from "../../../../app/src/reservations/service";

export const reservation = {
  guest: "Ada Lovelace",
  email: "ada@example.org",
  resource: "Room 12",
  from: "2026-12-01",
  to: "2026-12-03",
  persons: 2,
};

type Env = Record<string, string | number>;

/** A state folder of its own, and a configuration that points there. */
export function sandbox(env: Env): { config: Config; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-state-"));
  const strings = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)]));
  return {
    config: readConfig({ STATE_DIR: folder, ...strings }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The backend of one configuration, asked without a socket. */
export async function openBackend(config: Config) {
  const confirmations = await openConfirmations(config.STATE_DIR);
  const queue = config.QUEUE_ENABLED ? new ReservationQueue(config) : undefined;
  const reservations = new Reservations(confirmations, queue, config.CONFIRMATION_PACE_MS);
  const publicDir = join(__dirname, "..", "..", "..", "..", "app", "public");
  const app = await createServer({ reservations, confirmations, queue, release: "test", publicDir });
  await queue?.settled;
  return {
    queue,
    confirmations,
    app,
    async post(body: unknown, key?: string, query = "") {
      const headers = key === undefined ? {} : { "idempotency-key": key };
      const started = performance.now();
      const answer = await app.inject({
        method: "POST",
        url: `/reservations${query}`,
        headers,
        payload: body as object,
      });
      return { code: answer.statusCode, body: answer.json(), headers: answer.headers, ms: performance.now() - started };
    },
    async get(url: string) {
      const answer = await app.inject({ method: "GET", url });
      const isJson = String(answer.headers["content-type"]).includes("json");
      return { code: answer.statusCode, body: isJson ? answer.json() : answer.body, headers: answer.headers };
    },
    async close() {
      await app.close();
      await queue?.close();
    },
  };
}

export type TestBackend = Awaited<ReturnType<typeof openBackend>>;

/** A worker in this process; it fails the test when its loop ends for good. */
export async function openWorker(config: Config): Promise<ReservationWorker> {
  return new ReservationWorker(config, await openConfirmations(config.STATE_DIR), (error) => {
    throw error;
  });
}
