import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InjectOptions } from "fastify";
import { openJobs } from "queuehost/jobs";
import { type Config, readConfig } from "../../../../app/src/config";
import { configure } from "../../../../app/src/configuration";
import { createServer } from "../../../../app/src/http/server";
import { openConfirmations } from "../../../../app/src/reservations/confirmations";
import { Reservations } from "../../../../app/src/reservations/service";
import { openServices } from "../../../../app/src/services";
import { table } from "../../../../app/src/table";

const APP = join(__dirname, "..", "..", "..", "..", "app");

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
  configure(config);
  const confirmations = await openConfirmations(config.STATE_DIR);
  const jobs = await openJobs(table, config.settings);
  const reservations = new Reservations(jobs, confirmations);
  await openServices(config.services, jobs);
  const folders = { publicDir: join(APP, "public"), boardDir: join(APP, "dist-without-board") };
  const app = await createServer({ config, jobs, reservations, confirmations, release: "test", ...folders });
  await jobs.settled;
  const ask = async (options: InjectOptions) => {
    const answer = await app.inject(options);
    const isJson = String(answer.headers["content-type"]).includes("json");
    return { code: answer.statusCode, body: isJson ? answer.json() : answer.body, headers: answer.headers };
  };
  return {
    jobs,
    confirmations,
    app,
    ask,
    async post(body: unknown, key?: string, query = "") {
      const headers = key === undefined ? {} : { "idempotency-key": key };
      const started = performance.now();
      const answer = await ask({ method: "POST", url: `/reservations${query}`, headers, payload: body as object });
      return { ...answer, ms: performance.now() - started };
    },
    get: (url: string) => ask({ method: "GET", url }),
    async close() {
      await app.close();
      await jobs.shutdown();
    },
  };
}

export type TestBackend = Awaited<ReturnType<typeof openBackend>>;

/** A worker in this process; it fails the test when its loop ends for good. */
export async function openWorker(config: Config): Promise<{ stop(ms: number): Promise<void> }> {
  configure(config);
  await openConfirmations(config.STATE_DIR);
  const jobs = await openJobs(table, config.settings);
  await openServices(config.services, jobs);
  const working = jobs.work();
  void working.failed.then((error) => {
    throw error;
  });
  return {
    async stop(ms) {
      await working.stop(ms);
      await jobs.shutdown();
    },
  };
}

export type TestWorker = Awaited<ReturnType<typeof openWorker>>;
