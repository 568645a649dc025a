import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../../app/src/config";
import { waitFor } from "../../support/wait-for";
import { openBackend, openWorker, reservation, sandbox, type TestBackend, type TestWorker } from "./support/backend";
import { captureLog } from "./support/capture-log";
import { RedisServer, redis } from "./support/redis-server";

const fallback = "[Reservation] Fehler beim Hinzufügen zur Queue, verwende Fallback";

describe.skipIf(redis.missing)(`without Redis, requests do the work${redis.note}`, () => {
  let server: RedisServer;
  let backend: TestBackend;
  let worker: TestWorker | undefined;
  let log: string[];
  let cleanups: Array<() => unknown>;

  beforeEach(async () => {
    cleanups = [];
    worker = undefined;
    log = captureLog();
    server = await RedisServer.prepare({ password: "sesam" });
    cleanups.push(() => server.remove());
  });
  afterEach(async () => {
    await worker?.stop(1000);
    await backend.close();
    for (const cleanup of cleanups) await cleanup();
  });

  async function open(password = "sesam"): Promise<Config> {
    const box = sandbox({ REDIS_PORT: server.port, REDIS_PASSWORD: password });
    cleanups.push(box.remove);
    backend = await openBackend(box.config);
    return box.config;
  }
  const up = () => waitFor("Redis is up again", async () => (await backend.get("/health")).body.redis === "up");
  const completed = (id: string) =>
    waitFor(`${id} is completed`, async () => (await backend.get(`/reservations/${id}`)).body.status === "completed");

  it("away at the start: 201 at once, a warning, and the queue as soon as it is there", async () => {
    await open();
    const { code, body } = await backend.post(reservation);
    expect([code, body.status]).toEqual([201, "completed"]);
    expect(log).toContain(`[Queue Service] Redis-Verbindungsfehler: connect ECONNREFUSED 127.0.0.1:${server.port}`);
    expect(log).toContain(fallback);
    expect((await backend.get("/health")).body).toMatchObject({ status: "degraded", redis: "down", queue: "fallback" });
    expect((await backend.get("/reservations/unknown-one")).code).toBe(503);
    await server.start();
    await up();
    expect((await backend.post(reservation)).code).toBe(202);
    expect((await backend.get("/reservations/unknown-one")).code).toBe(404);
  });

  it("killed midway and back: acknowledged jobs survive, and both sides reconnect by themselves", async () => {
    await server.start();
    const config = await open();
    const queued = await backend.post(reservation);
    expect(queued.code).toBe(202);
    await server.kill();
    expect((await backend.post(reservation)).code).toBe(201);
    await server.start();
    await up();
    expect((await backend.post(reservation)).code).toBe(202);
    worker = await openWorker(config);
    await completed(queued.body.id);
    await server.kill();
    await server.start();
    await up();
    const later = await backend.post(reservation);
    expect(later.code).toBe(202);
    await completed(later.body.id);
  });

  it("silent: the first request waits a little, the next ones not at all", async () => {
    await server.start();
    await open();
    server.freeze();
    cleanups.unshift(() => server.thaw());
    const first = await backend.post(reservation);
    expect(first.code).toBe(201);
    const second = await backend.post(reservation);
    expect(second.code).toBe(201);
    // Which is the limit that the first one waited for.
    expect(second.ms).toBeLessThan(2000);
    server.thaw();
    await up();
  });

  it("full memory: Redis answers, refuses the job and is quoted", async () => {
    await server.start();
    await open();
    await server.command("CONFIG", "SET", "maxmemory", "1");
    expect((await backend.post(reservation)).code).toBe(201);
    expect(log.join("\n")).toMatch(/\[Queue Service\] Redis-Fehler: OOM command not allowed/);
  });

  it.each([
    ["a wrong password", "geheim-4711", "WRONGPASS invalid username-password pair or user is disabled."],
    ["no password", "", "NOAUTH Authentication required."],
  ])("%s: a warning that names it and not its value", async (_name, password, message) => {
    await server.start();
    await open(password);
    expect((await backend.post(reservation)).code).toBe(201);
    expect(log).toContain(`[Queue Service] Redis-Verbindungsfehler: ${message}`);
    expect(log).toContain("[Queue Service] Bitte REDIS_PASSWORD in der .env prüfen");
    expect(log.join("\n")).not.toContain("geheim-4711");
  });
});
