import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openBackend, sandbox, type TestBackend } from "./support/backend";
import { captureLog } from "./support/capture-log";

const VIEWER = "viewer-token-of-a-test-0001";
const OPERATOR = "operator-token-of-a-test-0001";
const API_TOKENS = `viewer:${VIEWER},operator:${OPERATOR}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const pause: InjectOptions = { method: "POST", url: "/api/tasks/no-such-task/cancel/" };
const list: InjectOptions = { method: "GET", url: "/api/tasks/" };

/** A backend of this environment for the tests of one group. */
function backendOf(env: Record<string, string>) {
  const box = sandbox({ QUEUE_ENABLED: "false", ...env });
  let backend: TestBackend | undefined;
  beforeAll(async () => {
    captureLog();
    backend = await openBackend(box.config);
  });
  afterAll(async () => {
    await backend?.close();
    box.remove();
  });
  return async (options: InjectOptions) => {
    if (!backend) throw new Error("the backend isn't open");
    return await backend.ask(options);
  };
}

describe("with API_TOKENS", () => {
  const ask = backendOf({ NODE_ENV: "production", API_TOKENS });
  const login = async (token: string, headers: Record<string, string> = {}) =>
    await ask({ method: "POST", url: "/login", payload: { token }, headers });
  const cookieOf = ({ headers }: Awaited<ReturnType<typeof login>>) => String(headers["set-cookie"]);

  it("asks for one, and says how", async () => {
    const { code, body } = await ask(list);
    expect([code, body.detail]).toEqual([401, "Send `Authorization: Bearer <token>`, or log in."]);
  });

  it.each(["", "wrong-token-wrong-token-00", VIEWER.slice(0, -1), `${VIEWER}x`])("knows no token %j", async (token) => {
    expect((await ask({ ...list, headers: bearer(token) })).code).toBe(401);
  });

  it("lets viewers read and operators change", async () => {
    expect((await ask({ ...list, headers: bearer(VIEWER) })).code).toBe(200);
    expect((await ask({ ...pause, headers: bearer(VIEWER) })).code).toBe(403);
    expect((await ask({ ...list, headers: bearer(OPERATOR) })).code).toBe(200);
    expect((await ask({ ...pause, headers: bearer(OPERATOR) })).code).toBe(404);
  });

  it("leaves reservations and the state of the process open", async () => {
    expect((await ask({ method: "GET", url: "/reservations/unknown-one" })).code).toBe(404);
    expect((await ask({ method: "GET", url: "/health" })).code).toBe(200);
    expect((await ask({ method: "GET", url: "/" })).code).toBe(200);
  });

  it("gives a cookie for a token, which no script can read and no other site sends", async () => {
    const answer = await login(OPERATOR);
    expect([answer.code, answer.body]).toEqual([200, { role: "operator" }]);
    expect(cookieOf(answer)).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(cookieOf(answer)).not.toContain(OPERATOR);
    const [cookie = ""] = cookieOf(answer).split(";");
    expect((await ask({ ...list, headers: { cookie } })).code).toBe(200);
    expect((await ask({ ...pause, headers: { cookie } })).code).toBe(404);
    const session = await ask({ method: "GET", url: "/api/session/", headers: { cookie } });
    expect(session.body).toEqual({ role: "operator", by: "session" });
  });

  it("sends the cookie over HTTPS alone where the request came that way", async () => {
    expect(cookieOf(await login(VIEWER))).not.toContain("Secure");
    expect(cookieOf(await login(VIEWER, { "x-forwarded-proto": "https" }))).toContain("; Secure");
  });

  it("takes no change from another site's page, whatever cookie it brings", async () => {
    const [cookie = ""] = cookieOf(await login(OPERATOR)).split(";");
    const elsewhere = ["https://evil.example", "http://localhost:4000", "null", "x"].map((origin) => ({ origin }));
    for (const from of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, ...elsewhere]) {
      const { code, body } = await ask({ ...pause, headers: { cookie, host: "localhost:3000", ...from } });
      expect([code, body.detail]).toEqual([403, expect.stringContaining("a page of another site")]);
    }
    const own = { cookie, host: "App.example", origin: "https://app.example" };
    expect((await ask({ ...pause, headers: own })).code).toBe(404);
    expect((await ask({ ...pause, headers: { cookie, "sec-fetch-site": "same-origin" } })).code).toBe(404);
  });

  it("ends the session after 12 hours", async () => {
    const [cookie = ""] = cookieOf(await login(VIEWER)).split(";");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 12 * 60 * 60 * 1000 - 60_000 });
    const before = await ask({ ...list, headers: { cookie } });
    vi.setSystemTime(Date.now() + 120_000);
    const after = await ask({ ...list, headers: { cookie } });
    vi.useRealTimers();
    expect([before.code, after.code]).toEqual([200, 401]);
  });

  it("knows a cookie that was altered for none", async () => {
    const [cookie = ""] = cookieOf(await login(VIEWER)).split(";");
    const [name, value = ""] = cookie.split("=");
    const [expires = "", mac = ""] = value.split(".");
    for (const forged of [`${Number(expires) + 1}.${mac}`, `${expires}.`, "x.y", `${expires}.${mac}0`]) {
      expect((await ask({ ...list, headers: { cookie: `${name}=${forged}` } })).code).toBe(401);
    }
  });

  it("lets go of the cookie", async () => {
    const answer = await ask({ method: "POST", url: "/logout" });
    expect(answer.code).toBe(204);
    expect(String(answer.headers["set-cookie"])).toContain("Max-Age=0");
  });
});

describe("with API_TOKENS, who tries many", () => {
  const ask = backendOf({ API_TOKENS, RATE_LIMIT: "50" });

  it("has ten tries to log in a minute", async () => {
    const tries = Array.from({ length: 11 }, (_, n) => ({ token: `guess-number-${n}-guess-number` }));
    const codes: number[] = [];
    for (const payload of tries) codes.push((await ask({ method: "POST", url: "/login", payload })).code);
    expect(codes).toEqual([...Array(10).fill(401), 429]);
    const { headers, body } = await ask({ method: "POST", url: "/login", payload: { token: OPERATOR } });
    expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    expect(body).toMatchObject({ title: "Too Many Requests", status: 429 });
    const other = { method: "POST", url: "/login", payload: { token: OPERATOR } } as const;
    expect((await ask({ ...other, headers: { "x-forwarded-for": "198.51.100.7" } })).code).toBe(200);
  });

  it("may look 120 times a minute for what isn't there", async () => {
    const from = { "x-forwarded-for": "198.51.100.8" };
    const codes = new Map<number, number>();
    for (let n = 0; n < 121; n++) {
      const { code } = await ask({ method: "GET", url: `/wp-${n}.php`, headers: from });
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(codes).toEqual(new Map([[404, 120], [429, 1]])); // biome-ignore format: a pair each
  });

  it("may ask RATE_LIMIT times a second", async () => {
    const from = (address: string) => ask({ ...list, headers: { "x-forwarded-for": address, ...bearer(VIEWER) } });
    expect((await from("198.51.100.9")).code).toBe(200);
    const codes = (await Promise.all(Array.from({ length: 60 }, () => from("198.51.100.9")))).map(({ code }) => code);
    expect(codes).toContain(429);
    expect((await from("198.51.100.10")).code).toBe(200);
  });
});

describe("without API_TOKENS", () => {
  const production = backendOf({ NODE_ENV: "production" });
  const development = backendOf({ NODE_ENV: "development" });

  it("is closed in production, to this machine too, and says what to set", async () => {
    const { code, body } = await production(list);
    expect([code, body.detail]).toEqual([
      403,
      "Set API_TOKENS=operator:<token of 24 characters at least> in .env and start again.",
    ]);
    const login = await production({ method: "POST", url: "/login", payload: { token: OPERATOR } });
    expect(login.code).toBe(403);
  });

  it("has everybody on this machine for an operator in development", async () => {
    for (const host of ["localhost", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000"]) {
      expect((await development({ ...list, headers: { host } })).code).toBe(200);
    }
    expect((await development(pause)).code).toBe(404);
    expect((await development({ method: "GET", url: "/api/session" })).body).toEqual({
      role: "operator",
      by: "loopback",
    });
  });

  it.each([
    ["another machine", { "x-forwarded-for": "203.0.113.5" }],
    ["a page under a name that was made to point here", { host: "evil.example" }],
    ["such a page that names another host", { host: "evil.example", "x-forwarded-host": "localhost" }],
    ["whoever comes by a proxy", { "x-forwarded-host": "localhost" }],
    ["another site's page", { "sec-fetch-site": "cross-site" }],
    ["another site's page in an old browser", { origin: "http://evil.example" }],
  ])("lets %s change nothing", async (_name, headers) => {
    expect((await development({ ...pause, headers })).code).toBe(403);
  });
});

describe("GET /metrics", () => {
  const ask = backendOf({ NODE_ENV: "production", API_TOKENS });
  const metrics: InjectOptions = { method: "GET", url: "/metrics" };

  it("is for this machine, and for who has a token", async () => {
    const answer = await ask(metrics);
    expect(answer.code).toBe(200);
    expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    const away = { "x-forwarded-for": "203.0.113.5" };
    expect((await ask({ ...metrics, headers: away })).code).toBe(401);
    const rebound = { host: "evil.example", "x-forwarded-host": "localhost" };
    expect((await ask({ ...metrics, headers: rebound })).code).toBe(401);
    expect((await ask({ ...metrics, headers: { ...away, ...bearer(VIEWER) } })).code).toBe(200);
  });
});
