import { statSync } from "node:fs";
import { describe, expect, type TestContext, test } from "vitest";
import { waitFor } from "../../support/wait-for";
import { RedisServer, redis } from "../app/support/redis-server";
import { Watched } from "./watched";

/** In a Redis of its own: a watch sees all queues there are. */
async function watch({ onTestFinished }: TestContext, queue: string, seconds = 4): Promise<Watched> {
  const server = await RedisServer.start();
  onTestFinished(() => server.remove());
  const watched = new Watched(server.port, queue, seconds);
  onTestFinished(() => watched.end());
  return watched;
}

describe.skipIf(redis.missing).concurrent(`the watch over a new release${redis.note}`, () => {
  test("takes it back when jobs fail that didn't before, and holds those that failed", async (context) => {
    const watched = await watch(context, "prints", 30);
    await watched.jobs(50);
    await watched.begin();
    const ids = [
      ...(await watched.jobs(4, { fails: true }, { removeOnFail: true, attempts: 2, backoff: 1500 })),
      ...(await watched.jobs(4, { fails: true }, { removeOnFail: { count: 100 } })),
    ];
    const { code, state } = await watched.verdict();
    expect(code).toBe(10);
    expect(state).toMatchObject({ verdict: "going-back", release: "new00000new0", before: "old00000old0" });
    expect(state.why).toMatch(/^prints: \d+ of \d+ attempts failed \(100%\), before it 0%$/);
    await watched.sweep(Number(state.since) * 1000, Date.now());
    const { held } = watched;
    expect(held.map(({ id }) => id).sort()).toEqual(expect.arrayContaining(ids.slice(4).sort()));
    expect(held[0]).toMatchObject({
      prefix: "shop",
      queue: "prints",
      data: '{"fails":true}',
      failedReason: "out of paper",
    });
    expect(new Set(held.map(({ id }) => id)).size).toBe(held.length);
    expect((statSync(watched.heldFile).mode & 0o777).toString(8)).toBe("600");
  });

  test("holds jobs that removeOnFail takes, where they were tried before, and counts those that it can't have", async (context) => {
    const watched = await watch(context, "removed", 10);
    await watched.jobs(100, { fails: true });
    await watched.begin();
    const tried = await watched.jobs(3, { fails: true }, { removeOnFail: true, attempts: 2, backoff: 1500 });
    await watched.jobs(2, { fails: true }, { removeOnFail: true });
    await waitFor("the jobs to be held", () => watched.state.held === "3" && watched.state.lost === "2");
    expect(watched.held.map(({ id }) => id).sort()).toEqual(tried.sort());
    expect((await watched.verdict()).state).toMatchObject({ verdict: "passed" });
    expect(watched.held).toEqual([]);
  });

  test("leaves one alone under which as many fail as before it", async (context) => {
    const watched = await watch(context, "flaky");
    for (const data of [{}, { fails: true }] as const) await watched.jobs(40, data);
    await watched.before();
    await watched.begin();
    for (const data of [{}, { fails: true }] as const) await watched.jobs(40, data);
    const { code, state } = await watched.verdict();
    expect(state).toMatchObject({ verdict: "passed", ended: "80", failed: "40" });
    expect(code).toBe(0);
  });

  test("leaves one alone whose single bad job fails again and again", async (context) => {
    const watched = await watch(context, "poison");
    await watched.jobs(20);
    await watched.begin();
    await watched.jobs(1, { fails: true }, { attempts: 12 });
    expect((await watched.verdict()).state).toMatchObject({ verdict: "passed", failed: "12" });
  });

  test("doesn't judge a queue of which it knows nothing from before", async (context) => {
    const watched = await watch(context, "unheard-of");
    await watched.begin();
    await watched.jobs(20, { fails: true });
    expect((await watched.verdict()).state).toMatchObject({ verdict: "passed", failed: "20" });
  });

  test("doesn't hold it to account for jobs that had begun before it", async (context) => {
    const watched = await watch(context, "begun");
    await watched.jobs(20);
    const begun = watched.jobs(10, { fails: true, ms: 1000 });
    await new Promise((done) => setTimeout(done, 300));
    await watched.begin();
    await begun;
    const { state } = await watched.verdict();
    expect(state).toMatchObject({ verdict: "passed", failed: "0", held: "0" });
  });

  test("is over for a system that does nothing", async (context) => {
    const watched = await watch(context, "idle", 2);
    await watched.begin();
    expect((await watched.verdict()).state).toMatchObject({ verdict: "passed", ended: "0" });
  });

  test("takes it back when a process ends again and again, and says how", async (context) => {
    const watched = await watch(context, "crashing", 20);
    await watched.begin();
    watched.live("new00000new0", "instance=shop-worker@b1 active 7 2 1000 exit status 3");
    const { code, state } = await watched.verdict();
    expect(state.why).toBe("shop-worker@b1 ended and was restarted 2 times (exit status 3), before it 0 times");
    expect(code).toBe(10);
  });

  test("takes it back when a backend stays unhealthy", async (context) => {
    const watched = await watch(context, "unhealthy", 30);
    watched.live("new00000new0", "instance=shop-backend@b1 active 7 0 1000");
    await watched.begin();
    expect((await watched.verdict()).state.why).toMatch(/^shop-backend@b1 has not been healthy for 1\d s$/);
  });

  test("ends when another release is in service", async (context) => {
    const watched = await watch(context, "replaced", 20);
    await watched.begin();
    watched.live("newer000newer");
    const { code, state } = await watched.verdict();
    expect(state).toMatchObject({ verdict: "ended", why: "release newer000newer is in service" });
    expect(code).toBe(0);
  });
});
