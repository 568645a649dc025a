import { renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for";
import { openBackend, reservation, sandbox, type TestBackend } from "./support/backend";
import { captureLog } from "./support/capture-log";

// Nothing here needs a queue: it is switched off.
const { config, remove } = sandbox({ QUEUE_ENABLED: "false" });
let backend: TestBackend;
let log: string[];

beforeAll(async () => {
  log = captureLog();
  backend = await openBackend(config);
});
afterAll(async () => {
  await backend.close();
  remove();
});

describe("POST /reservations without a queue", () => {
  it("does the work itself: 201 with the result", async () => {
    const { code, body, headers } = await backend.post(reservation);
    expect(code).toBe(201);
    expect(body).toMatchObject({ status: "completed", progress: 100, statusUrl: `/reservations/${body.id}` });
    expect(headers.location).toBe(body.statusUrl);
    expect((await backend.get(body.statusUrl)).body).toMatchObject({ id: body.id, status: "completed" });
    const page = await backend.get(body.result.confirmation);
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.body).toContain("Ada Lovelace");
  });

  it("answers a repeated Idempotency-Key with the first outcome, and refuses it for another reservation", async () => {
    const first = await backend.post(reservation, "key-number-1");
    const again = await backend.post(reservation, "key-number-1");
    expect([first.code, again.code]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    const other = await backend.post({ ...reservation, persons: 3 }, "key-number-1");
    expect(other.code).toBe(422);
    expect(other.body.detail).toContain("key-number-1 already stands for a different reservation");
  });

  it("says that its work has failed, and does it when it is sent again", async () => {
    const folder = join(config.STATE_DIR, "confirmations");
    renameSync(folder, `${folder}.away`);
    const failed = await backend.post(reservation, "key-number-2");
    expect([failed.code, failed.headers["retry-after"]]).toEqual([503, "2"]);
    expect((await backend.get("/reservations/key-number-2")).body).toMatchObject({ status: "failed" });
    for (const action of ["tasks", "dead-letters"]) {
      const { code } = await backend.ask({ method: "POST", url: `/api/${action}/key-number-2/retry/` });
      expect([action, code]).toEqual([action, 202]);
    }
    expect((await backend.post(reservation, "key-number-2")).code).toBe(202);
    expect((await backend.get("/reservations/key-number-2")).body).toMatchObject({ status: "failed" });
    renameSync(`${folder}.away`, folder);
    expect((await backend.post(reservation, "key-number-2")).code).toBe(202);
    expect((await backend.get("/reservations/key-number-2")).body).toMatchObject({ status: "completed" });
    expect(log.join()).not.toContain("Unerwarteter Fehler");
  });

  it("names every fault with its path, as problem+json", async () => {
    const { code, body, headers } = await backend.post({ ...reservation, guest: " ", persons: 0, gests: 2 });
    expect(code).toBe(400);
    expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
    expect(body).toMatchObject({ type: "about:blank", title: "Bad Request", status: 400 });
    expect(body.errors.map((fault: { path: string }) => fault.path)).toEqual(["guest", "persons", "gests"]);
  });

  it.each([
    ["an end before its start", { ...reservation, to: "2026-11-30" }, "to"],
    ["a day that doesn't exist", { ...reservation, from: "2026-02-30" }, "from"],
    ["an address without a domain", { ...reservation, email: "ada@" }, "email"],
  ])("refuses %s", async (_name, body, path) => {
    const answer = await backend.post(body);
    expect([answer.code, answer.body.errors[0].path]).toEqual([400, path]);
  });

  it.each(["short", "12345678", "../../../etc/passwd", "a".repeat(65), "with:colon"])(
    "refuses the Idempotency-Key %s",
    async (key) => {
      const { code, body } = await backend.post(reservation, key);
      expect([code, body.errors[0].path]).toEqual([400, "Idempotency-Key"]);
    },
  );

  it.each([
    ["broken JSON", 400, "application/json", '{"guest"'],
    ["no JSON", 415, "text/plain", "guest=Ada"],
    ["too much", 413, "application/json", JSON.stringify({ ...reservation, guest: "x".repeat(70_000) })],
  ])("answers %s with %i", async (_name, code, type, payload) => {
    const request = { method: "POST", url: "/reservations", headers: { "content-type": type }, payload } as const;
    const answer = await backend.app.inject(request);
    expect(answer.statusCode).toBe(code);
    expect(answer.json()).toMatchObject({ status: code });
  });
});

it("says of a task that was cancelled while its request did it what became of it", async () => {
  const payload = { type: "process-large-dataset", payload: { to: 10_000_000, paceMs: 100 }, id: "long-1" };
  const answer = backend.ask({ method: "POST", url: "/api/tasks/", payload });
  await waitFor("it runs", async () => (await backend.get("/api/tasks/long-1/status/")).body.status === "active");
  await backend.ask({ method: "POST", url: "/api/tasks/long-1/cancel/" });
  expect(await answer).toMatchObject({ code: 201, body: { outcome: "done", status: "cancelled" } });
});

describe("everything else", () => {
  it("knows no other reservation, and never looks outside its folder", async () => {
    for (const id of ["unknown-one", "..%2F..%2Fetc%2Fpasswd", "%00"]) {
      expect((await backend.get(`/reservations/${id}`)).code).toBe(404);
      expect((await backend.get(`/reservations/${id}/confirmation`)).code).toBe(404);
    }
  });

  it("answers 404 in the same form anywhere else", async () => {
    const { code, body } = await backend.get("/admin?token=secret");
    expect([code, body.detail]).toEqual([404, "There is nothing at GET /admin."]);
  });

  it.each(["/api/tasks/%E0%A4%A/status/", "/%"])("answers %s, which can't be read, in the same form", async (url) => {
    const { code, body, headers } = await backend.get(url);
    expect([code, headers["content-type"]]).toEqual([400, "application/problem+json; charset=utf-8"]);
    expect(body).toMatchObject({
      status: 400,
      errors: [{ path: "", message: expect.stringContaining("is not a valid url component") }],
    });
  });

  it("says in its description that an id may be unreadable", async () => {
    const { paths } = (await backend.get("/api/openapi.json")).body;
    expect(paths["/api/tasks/{id}/status/"].get.responses).toHaveProperty("400");
  });

  it("serves the page with a policy that allows its own files alone", async () => {
    const page = await backend.get("/");
    expect(page.body).not.toMatch(/<script>|<style|style=|onclick=/);
    expect(page.headers["content-security-policy"]).toBe(
      "default-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none';object-src 'none'",
    );
    expect((await backend.get("/page.js")).headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect((await backend.get("/style.css")).headers["content-type"]).toBe("text/css; charset=utf-8");
  });
});

describe("GET /health", () => {
  it("is 200 with the queue switched off", async () => {
    const { code, body } = await backend.get("/health");
    expect([code, body]).toEqual([200, { status: "ok", redis: "unused", queue: "disabled", release: "test" }]);
  });

  it("is 503 when no confirmation could be written", async () => {
    const box = sandbox({ QUEUE_ENABLED: "false" });
    const doomed = await openBackend(box.config);
    box.remove();
    const { code, body } = await doomed.get("/health");
    expect([code, body.detail]).toEqual([503, "STATE_DIR can't be written, so no reservation can be confirmed."]);
    await doomed.close();
  });
});
