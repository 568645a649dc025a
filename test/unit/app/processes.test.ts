import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Jimp } from "jimp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startMailCatcher } from "../../../app/dev/mail-catcher";
import { freePort } from "../../support/free-port";
import { waitFor } from "../../support/wait-for";
import { reservation } from "./support/backend";
import { RedisServer, redis } from "./support/redis-server";
import { type AppProcess, Release } from "./support/release";

let release: Release;
beforeAll(() => {
  release = new Release();
}, 60_000);
afterAll(async () => release?.remove());

describe("what an operator gets wrong", () => {
  it("is told on stderr, all at once and without a stack, with exit code 1", async () => {
    const backend = release.start("backend", { PORT: "http", QUEUE_CONCURRENCY: "-1" });
    expect(await backend.exitCode()).toBe(1);
    expect(backend.lines).toEqual([
      '[Server] PORT: should be a port from 1 to 65535, got "http"',
      '[Server] QUEUE_CONCURRENCY: should be a whole number from 1 to 1000, got "-1"',
      "[Server] Correct this in .env (or in the environment) and start again.",
    ]);
  });

  it("is told which port is taken", async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    const backend = release.start("backend", { PORT: port, QUEUE_ENABLED: "false" });
    expect(await backend.exitCode()).toBe(1);
    other.close();
    expect(backend.lines.at(-1)).toBe(
      `[Server] PORT: 127.0.0.1:${port} is in use by another process; stop that one or set another PORT`,
    );
  });
});

describe("told to stop while it still starts", () => {
  it("does so at once", async () => {
    const clients: Socket[] = [];
    const silent = createServer((client) => clients.push(client));
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    const backend = release.start("backend", { PORT: await freePort(), REDIS_PORT: port });
    await waitFor("it asks a Redis that never answers", () => clients.length > 0);
    expect(await backend.stop("SIGTERM")).toBe(0);
    expect(backend.lines.join("\n")).not.toContain("bereit");
    for (const client of clients) client.destroy();
    silent.close();
  });
});

describe("with QUEUE_ENABLED=false", () => {
  it("says so, and the worker stays, idle, until it is stopped", async () => {
    const worker = release.start("worker", { QUEUE_ENABLED: "false" });
    await worker.says("[Queue] Queue-System ist deaktiviert (QUEUE_ENABLED=false)");
    expect(worker.alive).toBe(true);
    expect(await worker.stop("SIGTERM")).toBe(0);
  });
});

describe("what lies apart in the release", () => {
  it("is loaded by the job that needs it, in a process of its own where the job has one", async () => {
    const catcher = await startMailCatcher();
    const port = await freePort();
    const SMTP_URL = `smtp://127.0.0.1:${catcher.port}`;
    const backend = release.start("backend", { PORT: port, QUEUE_ENABLED: "false", SMTP_URL });
    await backend.says("[Server] Release");
    const run = async (type: string, payload: object) => {
      const body = JSON.stringify({ type, payload });
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`http://127.0.0.1:${port}/api/tasks/`, { method: "POST", headers, body });
      return (await answer.json()) as { id: string; status: string };
    };
    expect(await run("welcome-email", { userEmail: "ada@example.org", userName: "Ada" })).toMatchObject({
      status: "completed",
    });
    expect(catcher.mails.map(({ to }) => to)).toEqual([["ada@example.org"]]);
    const png = await new Jimp({ width: 300, height: 200, color: 0x3366ccff }).getBuffer("image/png");
    writeFileSync(join(release.state, "uploads", "blue.png"), png);
    const made = await run("optimise-image", { file: "blue.png", width: 100, height: 100 });
    expect(made.status, backend.lines.join("\n")).toBe("completed");
    expect(readdirSync(join(release.state, "exports"))).toEqual([`image-${made.id}.jpg`]);
    await catcher.close();
    expect(await backend.stop("SIGTERM")).toBe(0);
  });
});

describe.skipIf(redis.missing)(`the built release, with a Redis${redis.note}`, () => {
  let server: RedisServer;
  let url: string;
  let env: Record<string, string | number>;
  let started: AppProcess[];

  beforeEach(async () => {
    started = [];
    server = await RedisServer.prepare();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    env = { PORT: port, REDIS_PORT: server.port };
  });
  afterEach(async () => {
    for (const process of started) await process.stop("SIGKILL");
    await server.remove();
  });

  const start = (part: "backend" | "worker", more: Record<string, string | number> = {}) => {
    const process = release.start(part, { ...env, ...more });
    started.push(process);
    return process;
  };
  /** Redis, a backend that serves and a worker that takes jobs; returns the worker. */
  const startAll = async (workerEnv: Record<string, string | number>) => {
    await server.start();
    const [backend, worker] = [start("backend"), start("worker", workerEnv)];
    await backend.says("[Server] Release");
    await worker.says("[Queue] ✅ Workers gestartet");
    return worker;
  };
  const post = async () => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/reservations`, { method: "POST", headers, body: JSON.stringify(reservation) });
    return { code: answer.status, body: (await answer.json()) as { id: string } };
  };
  const status = async (id: string) =>
    ((await (await fetch(`${url}/reservations/${id}`)).json()) as { status: string }).status;
  const completed = (id: string, seconds = 10) =>
    waitFor(`${id} is completed`, async () => (await status(id)) === "completed", seconds);
  const confirmations = (id: string) =>
    readdirSync(join(release.state, "confirmations")).filter((name) => name.includes(id));

  it("needs no node_modules, logs the lines of the guide and stops when told to", async () => {
    await server.start();
    const backend = start("backend");
    const worker = start("worker", { QUEUE_CONCURRENCY: 7 });
    await backend.says(`[Server] Release ${release.id} bereit auf ${url}`);
    await worker.says("[Queue] Concurrency: 7 Jobs parallel");
    expect(backend.lines).toContain("[Queue Service] ✅ Redis-Verbindung hergestellt");
    expect(worker.lines.slice(0, 2)).toEqual([
      "[Queue Service] ✅ Redis-Verbindung hergestellt",
      "[Queue] ✅ Workers gestartet",
    ]);
    const health = await (await fetch(`${url}/health`)).json();
    expect(health).toEqual({ status: "ok", redis: "up", queue: "active", release: release.id });
    const { code, body } = await post();
    expect(code).toBe(202);
    await completed(body.id);
    await worker.says(`[Reservation] Job ${body.id} fertig`);
    await waitFor("the nightly jobs are set", async () => {
      const { recurring } = (await (await fetch(`${url}/api/recurring/`)).json()) as { recurring: unknown[] };
      return recurring.length === 5;
    });
    expect(await Promise.all([backend.stop("SIGTERM"), worker.stop("SIGINT")])).toEqual([0, 0]);
  });

  it("starts its worker before Redis, warns once and takes jobs when Redis comes, and again after a crash", async () => {
    const backend = start("backend");
    const worker = start("worker");
    await worker.says("[Queue] ⚠️ Redis nicht verfügbar - Workers werden nicht gestartet");
    await worker.says("[Queue] Stelle sicher, dass Redis läuft und die Verbindung korrekt konfiguriert ist");
    await backend.says(`[Queue Service] Redis-Verbindungsfehler: connect ECONNREFUSED 127.0.0.1:${server.port}`);
    await server.start();
    await worker.says("[Queue] ✅ Workers gestartet");
    const queued = async () =>
      await waitFor("the backend uses the queue again", async () => {
        const { code, body } = await post();
        return code === 202 ? body.id : undefined;
      });
    await completed(await queued());
    await server.kill();
    expect((await post()).code).toBe(201);
    await server.start();
    await completed(await queued());
    expect(worker.lines.filter((line) => line.includes("Workers werden nicht gestartet"))).toHaveLength(1);
  });

  it("stops in good order while Redis is away", async () => {
    const worker = await startAll({});
    const [backend] = started;
    await server.kill();
    await worker.says("[Queue Service] Redis-Verbindungsfehler: ");
    expect(await Promise.all([backend?.stop("SIGTERM"), worker.stop("SIGTERM")])).toEqual([0, 0]);
    // They had been started, so nothing claims that they weren't.
    expect(worker.lines.join("\n")).not.toContain("Workers werden nicht gestartet");
  });

  // BullMQ's own worker serves the last; jobs of several queues are fetched by ours.
  const served = ["high,default,low", "default"];

  it.each(served)("finishes a running job before it stops (%s)", async (QUEUES) => {
    const worker = await startAll({ QUEUES, CONFIRMATION_PACE_MS: 500 });
    const { body } = await post();
    await worker.says(`[Reservation] Job ${body.id} gestartet`);
    expect(await worker.stop("SIGTERM")).toBe(0);
    expect(await status(body.id)).toBe("completed");
  });

  it.each(served)(
    "hands a job back that lasts longer than the limit, and the next worker runs it (%s)",
    async (QUEUES) => {
      const slow = await startAll({ QUEUES, CONFIRMATION_PACE_MS: 30_000, DRAIN_SECONDS: 1 });
      const { body } = await post();
      await slow.says(`[Reservation] Job ${body.id} gestartet`);
      expect(await slow.stop("SIGTERM")).toBe(0);
      expect(slow.lines).toContain(`[Reservation] Job ${body.id} zurück in die Queue gelegt`);
      expect(await status(body.id)).toBe("waiting");
      const next = start("worker", { QUEUES });
      await next.says("[Queue] ✅ Workers gestartet");
      await completed(body.id, 2);
      expect(next.lines).toContain(`[Reservation] Job ${body.id} gestartet (Versuch 1)`);
    },
  );

  it.each(served)("hands a job back to a worker that waits for one, which begins at once (%s)", async (QUEUES) => {
    const slow = await startAll({ QUEUES, CONFIRMATION_PACE_MS: 30_000, DRAIN_SECONDS: 1 });
    const { body } = await post();
    await slow.says(`[Reservation] Job ${body.id} gestartet`);
    const other = start("worker", { QUEUES });
    await other.says("[Queue] ✅ Workers gestartet");
    expect(await slow.stop("SIGTERM")).toBe(0);
    // Far less than the 5 to 10 s after which it would be taken for one whose worker has died.
    await completed(body.id, 1);
    expect(other.lines.join("\n")).not.toContain("eines abgebrochenen Workers");
  });

  it.each(served)("runs the job of a killed worker again, and its effect happens once (%s)", async (QUEUES) => {
    const doomed = await startAll({ QUEUES, CONFIRMATION_PACE_MS: 30_000 });
    const { body } = await post();
    await doomed.says(`[Reservation] Job ${body.id} gestartet`);
    await doomed.stop("SIGKILL");
    const next = start("worker", { QUEUES });
    await completed(body.id, 15);
    await next.says(`[Reservation] Job ${body.id} fertig`);
    expect(next.lines).toContain(`[Reservation] Job ${body.id} eines abgebrochenen Workers läuft noch einmal`);
    expect(confirmations(body.id)).toEqual([`${body.id}.html`]);
  });
});
