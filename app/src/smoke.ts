import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Config, readConfig } from "./config";
import { loadEnvironment } from "./environment";
import { log, reason } from "./log";
import { openConfirmations } from "./reservations/confirmations";

/** How long the job may take, in milliseconds. */
const LIMIT_MS = 10_000;
/** The ids of these reservations, which no guest made. */
const OURS = /^verification-[0-9a-f-]{36}$/;
/** A confirmation of such a reservation that is older, in milliseconds, belongs to no run of right now. */
const LEFT_OVER_MS = 60_000;

/**
 * Proves that the running application works: one reservation, from the request to its confirmation, by a worker or, with
 * the queue off, by the request itself. Its confirmation is removed again.
 *
 * @returns what was seen. Rejects with what was seen instead.
 */
async function smokeTest(config: Config): Promise<string> {
  const expected = config.settings.enabled ? "active" : "disabled";
  const { status, body: health } = await ask(config, "GET", "/health");
  if (status !== 200) throw new Error(`GET /health answered ${status}, expected 200`);
  if (health.queue !== expected) throw new Error(`the queue is ${health.queue}, expected ${expected}`);
  const confirmations = await openConfirmations(config.STATE_DIR);
  const id = `verification-${randomUUID()}`;
  try {
    const started = performance.now();
    await reserve(config, id);
    await completed(config, id);
    const ms = Math.round(performance.now() - started);
    return config.settings.enabled ? `a worker did a job in ${ms} ms` : `a request did its job in ${ms} ms`;
  } finally {
    await confirmations.remove(id);
    // One whose job was too slow is written after this has given up on it.
    await confirmations.removeOld(OURS, LEFT_OVER_MS);
  }
}

async function reserve(config: Config, id: string): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  const who = { guest: "Verification", email: "verification@example.org", resource: "Verification" };
  const { status } = await ask(config, "POST", "/reservations", { ...who, from: day, to: day }, id);
  const expected = config.settings.enabled ? 202 : 201;
  if (status !== expected) throw new Error(`POST /reservations answered ${status}, expected ${expected}`);
}

async function completed(config: Config, id: string): Promise<void> {
  let state = "";
  for (const started = performance.now(); performance.now() - started < LIMIT_MS; await sleep(25)) {
    const { body } = await ask(config, "GET", `/reservations/${id}`);
    state = body.status ?? "unknown";
    if (state === "completed") return;
    if (state === "failed") throw new Error(`the job failed: ${body.error}`);
  }
  throw new Error(`the job is still ${state} after ${LIMIT_MS / 1000} s`);
}

interface Answer {
  status: number;
  body: Record<string, string | undefined>;
}

async function ask(config: Config, method: string, path: string, content?: object, key?: string): Promise<Answer> {
  const url = `http://${config.HOST}:${config.PORT}`;
  const headers = content && { "content-type": "application/json", ...(key && { "idempotency-key": key }) };
  const body = content && JSON.stringify(content);
  const signal = AbortSignal.timeout(5000);
  try {
    const response = await fetch(url + path, { method, signal, ...(headers && { headers }), ...(body && { body }) });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new Error(`${method} ${url}${path}: ${reason(cause)}`);
  }
}

async function main(): Promise<void> {
  loadEnvironment(__dirname);
  log(await smokeTest(readConfig(process.env)));
}

main().catch((error: unknown) => {
  log(reason(error));
  process.exitCode = 1;
});
