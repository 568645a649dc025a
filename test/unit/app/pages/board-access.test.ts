import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processLargeDataset } from "../../../../app/src/types/process-large-dataset";
import { freePort } from "../../../support/free-port";
import { openBackend, sandbox, type TestBackend } from "../support/backend";
import { captureLog } from "../support/capture-log";
import { RedisServer, redis } from "../support/redis-server";
import { Release } from "../support/release";
import { TOKENS } from "./support/site";

const API_TOKENS = `viewer:${TOKENS.viewer},operator:${TOKENS.operator}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe.skipIf(redis.missing)(`Bull Board's API${redis.note}`, () => {
  let server: RedisServer;
  let backend: TestBackend;
  let remove: () => void;
  beforeAll(async () => {
    captureLog();
    server = await RedisServer.start();
    const box = sandbox({ REDIS_PORT: server.port, API_TOKENS });
    remove = box.remove;
    backend = await openBackend(box.config);
  });
  afterAll(async () => {
    await backend?.close();
    await server?.remove();
    remove?.();
  });

  const ask = async (method: "GET" | "PUT" | "POST", path: string, payload?: object, token = TOKENS.operator) =>
    await backend.ask({
      method,
      url: `/admin/queues/api/queues/${path}`,
      headers: bearer(token),
      ...(payload && { payload }),
    });
  const waiting = async () => (await backend.jobs.enqueue(processLargeDataset, { to: 10 })).id;

  it("cancels the waiting tasks of a queue that is emptied", async () => {
    const ids = [await waiting(), await waiting()];
    expect((await ask("PUT", "tasks/empty")).code).toBe(200);
    for (const id of ids) expect((await backend.jobs.status(id))?.status).toBe("cancelled");
  });

  it("forgets no task of a queue that is obliterated", async () => {
    const id = await waiting();
    const later = await backend.jobs.enqueue(processLargeDataset, { to: 10 }, { delay: 60_000 });
    await backend.jobs.pause("tasks");
    expect((await ask("PUT", "tasks/obliterate", { force: false })).code).toBe(200);
    await backend.jobs.resume("tasks");
    for (const one of [id, later.id]) expect((await backend.jobs.status(one))?.status).toBe("cancelled");
  });

  it("adds jobs that their type accepts, and refuses others with the path", async () => {
    const add = (name: string, data: object) => ask("POST", "tasks/add", { name, data, options: {} });
    const { code } = await add("process-large-dataset", { to: 10 });
    expect(code).toBe(200);
    expect((await backend.jobs.list({ queue: "tasks", status: "waiting" })).total).toBe(1);
    const refused = await add("process-large-dataset", { to: "ten" });
    expect([refused.code, refused.body.errors]).toEqual([400, [expect.objectContaining({ path: "payload.to" })]]);
    expect((await add("no-such-type", {})).code).toBe(400);
    expect((await backend.jobs.list({ queue: "tasks", status: "waiting" })).total).toBe(1);
  });

  it.each([
    ["POST", "tasks/add"],
    ["PUT", "tasks/pause"],
    ["PUT", "tasks/empty"],
    ["PUT", "tasks/obliterate"],
    ["PUT", "tasks/clean/completed"],
    ["PUT", "pause"],
  ] as const)("refuses %s %s to viewers", async (method, path) => {
    const { code, headers } = await ask(method, path, {}, TOKENS.viewer);
    expect([code, headers["content-type"]]).toEqual([403, "application/problem+json; charset=utf-8"]);
  });

  it("is within the artefact, with its files", async () => {
    const release = new Release();
    try {
      const port = await freePort();
      const env = { PORT: port, REDIS_PORT: server.port, API_TOKENS, NODE_ENV: "production" };
      await release.start("backend", env).says("[Server] Release");
      const get = async (path: string, headers = {}) => await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      const page = await (await get("/admin/queues/", bearer(TOKENS.viewer))).text();
      expect(page).not.toContain("https://");
      const script = /<script defer src="(static\/js\/main[^"]+)"/.exec(page)?.[1];
      expect((await get(`/admin/queues/${script}`, bearer(TOKENS.viewer))).headers.get("content-type")).toContain(
        "javascript",
      );
      const queues = (await (await get("/admin/queues/api/queues", bearer(TOKENS.viewer))).json()) as {
        queues: object[];
      };
      expect(queues.queues).toHaveLength(Object.keys(backend.jobs.table.queues).length);
      expect(queues.queues[0]).toMatchObject({ readOnlyMode: true, allowRetries: false });
      for (const path of ["/tasks", "/components/task-list.mjs", "/tasks/page.mjs"])
        expect((await get(path)).status).toBe(200);
      expect((await get("/admin/queues/api/queues")).status).toBe(401);
    } finally {
      await release.remove();
    }
  }, 60_000);

  it.each([
    ["it shows BullMQ only", { QUEUE_PROVIDER: "agenda", AGENDA_BACKEND: "redis" }],
    ["QUEUE_ENABLED is false", { QUEUE_ENABLED: "false" }],
  ])("says that there is no board, since %s", async (why, env) => {
    const box = sandbox({ ...env, REDIS_PORT: server.port, API_TOKENS });
    const without = await openBackend(box.config);
    const { code, body } = await without.ask({
      method: "GET",
      url: "/admin/queues/",
      headers: bearer(TOKENS.viewer),
    });
    expect([code, body]).toEqual([200, expect.stringContaining(why)]);
    await without.close();
    box.remove();
  });
});
