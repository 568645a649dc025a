import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for";
import { openBackend, openWorker, reservation, sandbox, type TestBackend, type TestWorker } from "./support/backend";
import { captureLog } from "./support/capture-log";
import { RedisServer, redis } from "./support/redis-server";

// Over 300 lines: one backend is asked about each of its routes; a file for each would start it, and a Redis, as often.

const later = () => new Date(Date.now() + 60 * 60 * 1000).toISOString();
const confirm = (more: object = {}) => ({ type: "confirm", payload: { reservation }, ...more });
type Method = "GET" | "POST" | "PUT" | "DELETE";

describe.skipIf(redis.missing)(`the API of tasks and queues${redis.note}`, () => {
  let server: RedisServer;
  let backend: TestBackend;
  let remove: () => void;
  let config: ReturnType<typeof sandbox>["config"];

  beforeAll(async () => {
    captureLog();
    server = await RedisServer.start();
    ({ config, remove } = sandbox({ REDIS_PORT: server.port, QUEUE_PREFIX: "api" }));
    backend = await openBackend(config);
  });
  afterAll(async () => {
    await backend?.close();
    await server?.remove();
    remove?.();
  });

  const ask = async (method: Method, url: string, payload?: object) =>
    await backend.ask({ method, url: `/api${url}`, ...(payload && { payload }) });
  const statusOf = async (id: string) => (await ask("GET", `/tasks/${id}/status/`)).body.status;
  const count = async () => (await ask("GET", "/tasks/")).body.total;

  describe("/api/tasks", () => {
    it("takes a job, tells how far it is, and takes the same again for the same", async () => {
      const { code, body, headers } = await ask("POST", "/tasks/", confirm({ id: "api-task-1" }));
      expect([code, body.status, body.outcome]).toEqual([202, "waiting", "queued"]);
      expect(headers.location).toBe("/api/tasks/api-task-1/status/");
      const state = (await ask("GET", "/tasks/api-task-1/status")).body;
      expect(state).toMatchObject({
        id: "api-task-1",
        type: "confirm",
        queue: "default",
        status: "waiting",
        progress: 0,
      });
      expect((await ask("POST", "/tasks", confirm({ id: "api-task-1" }))).code).toBe(200);
      const other = confirm({ id: "api-task-1", payload: { reservation: { ...reservation, persons: 9 } } });
      expect((await ask("POST", "/tasks/", other)).code).toBe(422);
    });

    it("lists by status, type and queue, a page at a time", async () => {
      for (const n of [1, 2, 3]) await ask("POST", "/tasks/", confirm({ id: `listed-${n}`, queue: "low" }));
      await ask("POST", "/tasks/", confirm({ id: "listed-later", queue: "low", at: later() }));
      const low = (await ask("GET", "/tasks/?queue=low&status=waiting&type=confirm")).body;
      expect(low.total).toBe(3);
      const page = (await ask("GET", "/tasks/?queue=low&status=waiting,scheduled&limit=2&offset=1")).body;
      expect([page.total, page.limit, page.offset, page.tasks.length]).toEqual([4, 2, 1, 2]);
      expect((await ask("GET", "/tasks/?queue=low&status=scheduled")).body.tasks[0]).toMatchObject({
        id: "listed-later",
        runAt: expect.stringMatching(/^20.*Z$/),
      });
    });

    it("cancels what waits at once, and nothing that is over", async () => {
      await ask("POST", "/tasks/", confirm({ id: "to-cancel-1" }));
      const { code, body } = await ask("POST", "/tasks/to-cancel-1/cancel/");
      expect([code, body]).toEqual([200, { id: "to-cancel-1", status: "cancelled" }]);
      expect(await statusOf("to-cancel-1")).toBe("cancelled");
      expect((await ask("POST", "/tasks/to-cancel-1/cancel/")).code).toBe(409);
    });

    it("runs a cancelled one again, and none that waits", async () => {
      await ask("POST", "/tasks/", confirm({ id: "to-retry-1", at: later() }));
      expect((await ask("POST", "/tasks/to-retry-1/retry/")).code).toBe(409);
      await ask("POST", "/tasks/to-retry-1/cancel/");
      const { code, body } = await ask("POST", "/tasks/to-retry-1/retry/");
      expect([code, body]).toEqual([202, { id: "to-retry-1", status: "waiting" }]);
      expect(await statusOf("to-retry-1")).toBe("waiting");
    });

    it.each([
      ["an unknown type", { type: "no-such-type", payload: {} }, "type"],
      ["no type", { payload: {} }, "type"],
      ["a payload that isn't one", { type: "confirm", payload: [1] }, "payload"],
      ["a payload of another type", { type: "confirm", payload: { to: "x" } }, "payload.reservation"],
      [
        "a wrong field",
        confirm({ payload: { reservation: { ...reservation, persons: 0 } } }),
        "payload.reservation.persons",
      ],
      ["an unknown queue", confirm({ queue: "constructor" }), "queue"],
      ["a priority that there isn't", confirm({ priority: "urgent" }), "priority"],
      ["no date", confirm({ at: "tomorrow" }), "at"],
      ["a past date", confirm({ at: "2020-01-01T00:00:00Z" }), "at"],
      ["an id of digits alone", confirm({ id: "12345678" }), "id"],
      ["an id that is a path", confirm({ id: "../../etc/passwd" }), "id"],
      ["a field that there isn't", confirm({ prioritty: "high" }), "prioritty"],
    ])("refuses %s with its path, and stores nothing", async (_name, payload, path) => {
      const before = await count();
      const { code, body, headers } = await ask("POST", "/tasks/", payload);
      expect([code, body.errors?.[0]?.path]).toEqual([400, path]);
      expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
      expect(await count()).toBe(before);
    });

    it.each([
      ["broken JSON", 400, "application/json", '{"type"'],
      ["no JSON", 415, "text/plain", "type=confirm"],
      ["a form", 415, "application/x-www-form-urlencoded", "type=confirm"],
      ["too much", 413, "application/json", JSON.stringify(confirm({ id: "x".repeat(70_000) }))],
      ["a prototype", 400, "application/json", '{"type":"confirm","payload":{"__proto__":{"x":1}}}'],
    ])("answers %s with %i", async (_name, code, type, payload) => {
      const headers = { "content-type": type };
      const answer = await backend.ask({ method: "POST", url: "/api/tasks/", headers, payload });
      expect([answer.code, answer.body.status]).toEqual([code, code]);
      if (code === 400) expect(answer.body.errors).toEqual([{ path: "", message: expect.any(String) }]);
    });

    it.each([
      ["/tasks/?limit=0", "limit"],
      ["/tasks/?limit=501", "limit"],
      ["/tasks/?offset=-1", "offset"],
      ["/tasks/?offset=1e400", "offset"],
      ["/tasks/?status=done", "status.0"],
      ["/tasks/?queue=__proto__", "queue"],
      ["/tasks/?type=nothing", "type"],
      ["/tasks/?statsu=waiting", "statsu"],
      ["/dead-letters/?resolved=maybe", "resolved"],
    ])("refuses GET %s", async (url, path) => {
      const { code, body } = await ask("GET", url);
      expect([code, body.errors[0].path]).toEqual([400, path]);
    });

    it.each(["unknown-one", "..%2F..%2Fetc", "%00", "x".repeat(90)])("knows no task %s", async (id) => {
      expect((await ask("GET", `/tasks/${id}/status/`)).code).toBe(404);
      expect((await ask("POST", `/tasks/${id}/cancel/`)).code).toBe(404);
      expect((await ask("POST", `/tasks/${id}/retry/`)).code).toBe(404);
    });
  });

  describe("/api/queues", () => {
    const queue = async (name: string) =>
      (await ask("GET", "/queues/")).body.queues.find((one: { name: string }) => one.name === name);

    it("counts what each holds, and pauses and resumes it", async () => {
      expect((await queue("default")).counts.waiting).toBeGreaterThan(0);
      const { code, body } = await ask("POST", "/queues/default/pause/");
      expect([code, body]).toEqual([200, { name: "default", paused: true }]);
      expect((await queue("default")).paused).toBe(true);
      await ask("POST", "/queues/default/resume/");
      expect((await queue("default")).paused).toBe(false);
    });

    it.each(["nothing", "constructor", "__proto__", "reservation"])("knows no queue %s", async (name) => {
      expect((await ask("POST", `/queues/${name}/pause/`)).code).toBe(404);
    });
  });

  describe("/api/recurring", () => {
    const nightly = { type: "confirm", payload: { reservation }, cron: "0 3 * * *", timeZone: "Europe/Berlin" };

    it("sets one, replaces it, and ends it", async () => {
      const { code, body } = await ask("PUT", "/recurring/nightly/", nightly);
      expect([code, body.name, body.cron, body.timeZone]).toEqual([200, "nightly", "0 3 * * *", "Europe/Berlin"]);
      await ask("PUT", "/recurring/nightly/", { ...nightly, cron: "0 4 * * *" });
      const { recurring } = (await ask("GET", "/recurring/")).body;
      expect(recurring).toHaveLength(1);
      expect((await ask("GET", "/recurring/nightly/")).body).toMatchObject({
        cron: "0 4 * * *",
        nextAt: expect.any(String),
      });
      expect((await ask("DELETE", "/recurring/nightly/")).code).toBe(204);
      expect((await ask("DELETE", "/recurring/nightly/")).code).toBe(404);
      expect((await ask("GET", "/recurring/nightly/")).code).toBe(404);
    });

    it.each([
      ["one that never fires", { cron: "0 0 30 2 *" }, "cron"],
      ["no cron", { cron: "at night" }, "cron"],
      ["a zone that there isn't", { timeZone: "Europe/Atlantis" }, "timeZone"],
      ["no time at all", { cron: undefined }, "cron"],
      ["a wrong payload", { payload: {} }, "payload.reservation"],
      ["an unknown queue", { queue: "toString" }, "queue"],
    ])("refuses %s", async (_name, more, path) => {
      const { code, body } = await ask("PUT", "/recurring/wrong/", { ...nightly, ...more });
      expect([code, body.errors?.[0]?.path]).toEqual([400, path]);
      expect((await ask("GET", "/recurring/")).body.recurring).toEqual([]);
    });
  });

  it("describes itself", async () => {
    const { code, body } = await ask("GET", "/openapi.json");
    expect([code, body.openapi]).toEqual([200, "3.1.0"]);
    const { schema } = body.paths["/api/tasks/"].post.requestBody.content["application/json"];
    const types = schema.oneOf.map((one: { title: string }) => one.title);
    expect(types).toEqual(backend.jobs.table.jobs.map(({ name }) => name));
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(["/reservations", "/health", "/api/queues/"]));
  });

  // At the end: a worker takes all that the tests above have left.
  describe("/api/dead-letters, with a worker", () => {
    let worker: TestWorker | undefined;
    const dies = { type: "process-inventory-import", payload: { businessId: 7, file: "missing.csv" } };
    const letters = async (query = "") => (await ask("GET", `/dead-letters/${query}`)).body;

    beforeAll(async () => {
      worker = await openWorker(config);
    });
    afterAll(async () => worker?.stop(1000));

    const bury = async (id: string) => {
      const { code, body } = await ask("POST", "/tasks/", { ...dies, id });
      expect([code, body.errors]).toEqual([202, undefined]);
      await waitFor(`${id} is among the dead`, async () =>
        (await letters()).letters.some((letter: { id: string }) => letter.id === id),
      );
    };

    it("lists what failed for good and why, and runs it again", async () => {
      await bury("dead-1");
      const found = await letters("?queue=file&type=process-inventory-import");
      expect(found).toMatchObject({ total: 1, limit: 50, offset: 0 });
      expect(found.letters[0]).toMatchObject({ id: "dead-1", payload: dies.payload, reason: expect.any(String) });
      expect(await statusOf("dead-1")).toBe("failed");
      const { code, body } = await ask("POST", "/dead-letters/dead-1/retry/");
      expect([code, body]).toEqual([202, { id: "dead-1", status: "waiting" }]);
      await waitFor("it has died again", async () => (await letters()).total === 1);
    });

    it("settles one with a note, once", async () => {
      await bury("dead-2");
      expect((await ask("POST", "/dead-letters/dead-2/resolve/", { note: " " })).code).toBe(400);
      const { code, body } = await ask("POST", "/dead-letters/dead-2/resolve/", { note: "File was never sent" });
      expect([code, body]).toEqual([200, { id: "dead-2", resolution: "File was never sent" }]);
      expect((await ask("POST", "/dead-letters/dead-2/resolve/", { note: "again" })).code).toBe(404);
      expect((await letters("?resolved=true")).letters[0]).toMatchObject({
        id: "dead-2",
        resolution: "File was never sent",
      });
    });

    it("retries and purges several", async () => {
      await bury("dead-3");
      const { code, body } = await ask("POST", "/dead-letters/retry/", { ids: ["dead-3", "never-was"] });
      expect([code, body]).toEqual([202, { retried: ["dead-3"] }]);
      await waitFor("it has died again", async () => (await letters()).total === 2);
      expect((await ask("DELETE", "/dead-letters/dead-3/")).code).toBe(204);
      expect((await ask("DELETE", "/dead-letters/dead-3/")).code).toBe(404);
      expect((await ask("POST", "/dead-letters/purge/", { queue: "file" })).body).toEqual({ purged: 1 });
      expect((await letters()).total).toBe(0);
    });

    it("says which letters it wants where none are named", async () => {
      for (const body of [{}, { queue: "file", ids: ["dead-3"] }]) {
        const answer = await ask("POST", "/dead-letters/purge/", body);
        const message = 'should be {"ids": [...]}, 1 to 500 of them, or {"queue": "<name>"}';
        expect([answer.code, answer.body.errors]).toEqual([400, [{ path: "", message }]]);
      }
    });

    it("tells a running one to end", async () => {
      const long = { type: "process-large-dataset", payload: { to: 10_000_000, paceMs: 100 }, id: "long-1" };
      expect((await ask("POST", "/tasks/", long)).code).toBe(202);
      await waitFor("it runs", async () => (await statusOf("long-1")) === "active");
      const { code, body } = await ask("POST", "/tasks/long-1/cancel/");
      expect([code, body]).toEqual([202, { id: "long-1", status: "active", cancelRequested: true }]);
      await waitFor("it has ended", async () => (await statusOf("long-1")) === "cancelled");
    });
  });
});

describe.skipIf(redis.missing)(`while the queue is away${redis.note}`, () => {
  it("says what can be said, and 503 with Retry-After of the rest", async () => {
    captureLog();
    const server = await RedisServer.start();
    const box = sandbox({ REDIS_PORT: server.port });
    const backend = await openBackend(box.config);
    await backend.ask({ method: "POST", url: "/api/tasks/", payload: confirm({ id: "before-1", at: later() }) });
    await server.kill();
    await waitFor("it to be noticed", async () => (await backend.get("/health")).body.queue === "fallback");
    const codeOf = async (method: Method, url: string, payload?: object) =>
      (await backend.ask({ method, url: `/api${url}`, ...(payload && { payload }) })).code;
    expect(await codeOf("GET", "/tasks/")).toBe(200);
    expect(await codeOf("GET", "/tasks/before-1/status/")).toBe(200);
    expect(await codeOf("GET", "/dead-letters/")).toBe(200);
    expect((await backend.get("/api/queues/")).body).toMatchObject({ state: "fallback" });
    expect(await codeOf("GET", "/tasks/unknown-1/status/")).toBe(503);
    expect(await codeOf("GET", "/recurring/")).toBe(503);
    const { code, headers } = await backend.ask({ method: "POST", url: "/api/queues/default/pause/" });
    expect([code, headers["retry-after"]]).toEqual([503, "2"]);
    expect(await codeOf("POST", "/tasks/", confirm({ id: "meanwhile-1" }))).toBe(201);
    expect(await codeOf("POST", "/tasks/", confirm({ id: "for-later-1", at: later() }))).toBe(202);
    await backend.close();
    await server.remove();
    box.remove();
  });
});

describe("without a queue", () => {
  it("does the job at once, says how it ended, and shows no counts", async () => {
    captureLog();
    const box = sandbox({ QUEUE_ENABLED: "false" });
    const backend = await openBackend(box.config);
    const { code, body } = await backend.ask({ method: "POST", url: "/api/tasks/", payload: confirm() });
    expect([code, body.outcome, body.status]).toEqual([201, "done", "completed"]);
    const failing = { type: "process-inventory-import", payload: { businessId: 7, file: "missing.csv" } };
    const failed = await backend.ask({ method: "POST", url: "/api/tasks/", payload: failing });
    expect([failed.code, failed.body.outcome, failed.body.status]).toEqual([201, "done", "failed"]);
    expect((await backend.get(failed.body.statusUrl)).body.error).toContain("missing.csv");
    const { queues, state } = (await backend.get("/api/queues/")).body;
    expect([state, queues[0]]).toEqual(["disabled", { name: "high", description: expect.any(String) }]);
    await backend.close();
    box.remove();
  });
});
