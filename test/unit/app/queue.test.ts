import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { confirm } from "../../../app/src/types/confirm";
import { waitFor } from "../../support/wait-for";
import { openBackend, openWorker, reservation, sandbox, type TestBackend, type TestWorker } from "./support/backend";
import { captureLog } from "./support/capture-log";
import { RedisServer, redis } from "./support/redis-server";

const password = "sesam";
/** What the server's Redis gives the application: its own keys and channels, and no dangerous command. */
const acl = [
  `user default reset on #${createHash("sha256").update(password).digest("hex")} ~queuehost:* &queuehost:* +@all -@dangerous +info +client|list`,
];

describe.skipIf(redis.missing)(`the queue, under the server's ACL${redis.note}`, () => {
  let server: RedisServer;
  let backend: TestBackend;
  let worker: TestWorker;
  let log: string[];
  let remove: () => void;
  let state: string;
  const done = (id: string) =>
    waitFor(`${id} is completed`, async () => {
      const { body } = await backend.get(`/reservations/${id}`);
      return body.status === "completed" ? body : undefined;
    });

  beforeAll(async () => {
    log = captureLog();
    server = await RedisServer.start({ acl });
    const box = sandbox({ REDIS_PORT: server.port, REDIS_PASSWORD: password, CONFIRMATION_PACE_MS: 60 });
    remove = box.remove;
    state = box.config.STATE_DIR;
    backend = await openBackend(box.config);
    worker = await openWorker(box.config);
  });
  afterAll(async () => {
    await worker?.stop(1000);
    await backend?.close();
    await server?.remove();
    remove?.();
  });

  it("takes a reservation with 202 and completes it, with progress on the way", async () => {
    const { code, body } = await backend.post(reservation);
    expect([code, body.status, body.statusUrl]).toEqual([202, "waiting", `/reservations/${body.id}`]);
    await waitFor("progress between 0 and 100", async () => {
      const seen = (await backend.get(body.statusUrl)).body;
      return seen.status === "active" && seen.progress > 0 && seen.progress < 100;
    });
    expect((await done(body.id)).result.confirmation).toBe(`/reservations/${body.id}/confirmation`);
  });

  it("confirms once what is sent twice at the same time", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => backend.post(reservation, "five-times-1")));
    expect(answers.map(({ code }) => code)).toEqual([202, 202, 202, 202, 202]);
    await done("five-times-1");
    expect(log.filter((line) => line.startsWith("[Reservation] Job five-times-1 gestartet"))).toHaveLength(1);
    expect((await backend.post(reservation, "five-times-1")).code).toBe(200);
  });

  it("refuses another reservation under a key whose job is still in the queue", async () => {
    await backend.post(reservation, "two-faced-1");
    expect((await backend.post({ ...reservation, guest: "Eve" }, "two-faced-1")).code).toBe(422);
    await done("two-faced-1");
  });

  it("has no second effect when a request has already done the job's work", async () => {
    await backend.confirmations.create("outcome-unknown-1", "by the request");
    await backend.jobs.enqueue(confirm, { reservation }, { id: "outcome-unknown-1" });
    await waitFor("the job has run too", () =>
      log.some((line) => /outcome-unknown-1 fertig .*schon bestätigt/.test(line)),
    );
    expect((await backend.confirmations.find("outcome-unknown-1"))?.html).toBe("by the request");
  });

  const failed = (id: string) =>
    waitFor(`${id} has failed`, async () => {
      const state = await backend.jobs.status(id);
      return state?.status === "failed" ? state : undefined;
    });

  it("fails a job with data that nobody can process, at once", async () => {
    const connection = { port: server.port, password };
    const raw = new Queue("reservation", { connection, prefix: "queuehost" });
    await raw.add("confirm", { reservation: { guest: "nobody" } }, { jobId: "broken-job-1", attempts: 3 });
    expect((await failed("broken-job-1")).error).toContain("ungültige Daten");
    expect(log.filter((line) => line.startsWith("[Reservation] Job broken-job-1 gestartet"))).toHaveLength(1);
    expect((await backend.post(reservation, "broken-job-1")).code).toBe(422);
    await raw.close();
  });

  it("tries one that has failed again when it is sent anew", async () => {
    const inTheWay = join(state, "confirmations", "retried-job-1.html");
    await backend.jobs.enqueue(confirm, { reservation }, { id: "retried-job-1", attempts: 1, delay: 200 });
    mkdirSync(inTheWay);
    expect((await failed("retried-job-1")).error).toContain("EISDIR");
    rmSync(inTheWay, { recursive: true });
    expect((await backend.post(reservation, "retried-job-1")).code).toBe(202);
    await done("retried-job-1");
  });

  it("runs a job that a release before this one has left in the queue", async () => {
    const connection = { port: server.port, password };
    const raw = new Queue("reservation-low", { connection, prefix: "queuehost" });
    await raw.add("confirm", { reservation }, { jobId: "older-job-1", attempts: 3 });
    await done("older-job-1");
    await raw.close();
  });

  it("is up in the health report", async () => {
    expect((await backend.get("/health")).body).toMatchObject({ status: "ok", redis: "up", queue: "active" });
  });

  it("really ran under that ACL", async () => {
    const other = new Redis({ port: server.port, password });
    await expect(other.set("elsewhere", "x")).rejects.toThrow(/NOPERM/);
    await expect(other.flushall()).rejects.toThrow(/NOPERM/);
    other.disconnect();
  });
});
