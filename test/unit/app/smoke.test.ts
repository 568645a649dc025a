import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../support/free-port";
import { RedisServer, redis } from "./support/redis-server";
import { type AppProcess, Release } from "./support/release";

type Env = Record<string, string | number>;

let release: Release;
let env: Env;
let started: AppProcess[];
beforeAll(() => {
  release = new Release();
}, 60_000);
beforeEach(async () => {
  env = { PORT: await freePort(), QUEUE_ENABLED: "false" };
  started = [];
});
afterEach(async () => {
  for (const process of started) await process.stop("SIGKILL");
  rmSync(release.state, { recursive: true, force: true });
});
afterAll(async () => release?.remove());

const start = (part: "backend" | "worker", more: Env = {}) => {
  const process = release.start(part, { ...env, ...more });
  started.push(process);
  return process;
};
/** Runs the smoke test: its exit code and the last line of what it said. */
const smoke = async (more: Env = {}) => {
  const process = release.start("smoke", { ...env, ...more });
  const code = await process.exitCode();
  return { code, last: process.lines.at(-1) };
};
const folder = () => join(release.state, "confirmations");

describe("the smoke test with the queue off", () => {
  it("sees a request do its job, and leaves nothing behind", async () => {
    await start("backend").says("[Server] Release");
    const { code, last } = await smoke();
    expect(last).toMatch(/^a request did its job in \d+ ms$/);
    expect(code).toBe(0);
    expect(readdirSync(folder())).toEqual([]);
  });

  it("removes what an earlier run had to leave, and no guest's confirmation", async () => {
    await start("backend").says("[Server] Release");
    const id = "verification-01234567-89ab-cdef-0123-456789abcdef";
    mkdirSync(folder(), { recursive: true });
    for (const name of [id, "verification-of-our-booking", "0ld-guest"]) {
      writeFileSync(join(folder(), `${name}.html`), "");
      utimesSync(join(folder(), `${name}.html`), 0, 0);
    }
    const justNow = `${id.slice(0, -1)}0.html`;
    writeFileSync(join(folder(), justNow), "");
    expect((await smoke()).code).toBe(0);
    expect(readdirSync(folder()).sort()).toEqual(
      ["0ld-guest.html", justNow, "verification-of-our-booking.html"].sort(),
    );
  });

  it("says what is wrong when nobody answers", async () => {
    const { code, last } = await smoke();
    expect(last).toBe(`GET http://127.0.0.1:${env.PORT}/health: connect ECONNREFUSED 127.0.0.1:${env.PORT}`);
    expect(code).toBe(1);
  });

  it("says what is wrong when the backend runs with another setting", async () => {
    await start("backend").says("[Server] Release");
    expect(await smoke({ QUEUE_ENABLED: "true" })).toEqual({ code: 1, last: "the queue is disabled, expected active" });
  });

  it("says which variable is wrong", async () => {
    const { code, last } = await smoke({ QUEUE_ENABLED: "maybe" });
    expect(last).toContain('QUEUE_ENABLED: should be true or false, got "maybe"');
    expect(code).toBe(1);
  });
});

describe.skipIf(redis.missing)(`the smoke test with a Redis${redis.note}`, () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await RedisServer.start();
    env = { ...env, QUEUE_ENABLED: "true", REDIS_PORT: server.port };
    await start("backend").says("[Server] Release");
  });
  afterEach(async () => server.remove());

  it("sees a worker do a job, and leaves nothing behind", async () => {
    await start("worker").says("[Queue] ✅ Workers gestartet");
    const { code, last } = await smoke();
    expect(last).toMatch(/^a worker did a job in \d+ ms$/);
    expect(code).toBe(0);
    expect(readdirSync(folder())).toEqual([]);
  });

  it("fails when no worker takes the job", async () => {
    expect(await smoke()).toEqual({ code: 1, last: "the job is still waiting after 10 s" });
  });

  it("fails when requests have to do without Redis", async () => {
    await server.kill();
    expect(await smoke()).toEqual({ code: 1, last: "the queue is fallback, expected active" });
  });
});
