import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JobState, Jobs } from "../../../../app/jobs/client/types";
import { InputInvalid, JobFailed } from "../../../../app/jobs/errors";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Clients, done, gates, ordered, patient, quick, slow, table, tracked } from "./support";

describe.skipIf(redis.missing)(`managing jobs${redis.note}`, () => {
  let clients: Clients;
  let jobs: Jobs;
  beforeAll(async () => {
    clients = await Clients.start();
  });
  afterAll(() => clients.remove());
  beforeEach(async () => {
    done.length = 0;
    jobs = await clients.client();
  });

  const becomes = (id: string, status: JobState["status"]) =>
    waitFor(`${id} is ${status}`, async () => (await jobs.status(id))?.status === status);

  describe("cancel", () => {
    it("takes out what waits or has its time to come, and lets the next of its key go", async () => {
      const later = await jobs.enqueue(tracked, { name: "later" }, { delay: 60_000 });
      const first = await jobs.enqueue(ordered, { name: "k" });
      const second = await jobs.enqueue(ordered, { name: "k" });
      const unnoticed = await jobs.enqueue(quick, { name: "q" });
      for (const { id } of [later, first, unnoticed]) expect(await jobs.cancel(id)).toBe("cancelled");
      expect(await jobs.status(later.id)).toMatchObject({ status: "cancelled" });
      expect(await jobs.status(unnoticed.id)).toBeUndefined();
      expect((await jobs.health()).queues.mail?.scheduled).toBe(0);
      jobs.work();
      await becomes(second.id, "completed");
      expect(done).toEqual(["k"]);
      expect(await jobs.cancel(second.id)).toBe("finished");
      expect(await jobs.cancel(later.id)).toBe("finished");
      expect(await jobs.cancel("nobody")).toBe("unknown");
    });

    it("tells a running one, whichever process runs it", async () => {
      const { id } = await jobs.enqueue(slow, { name: "long" });
      const working = jobs.work();
      await becomes(id, "active");
      await waitFor("its progress is there", async () => (await jobs.status(id))?.progress === 50);
      expect(await jobs.status(id)).toMatchObject({ progress: 50, message: "half" });
      expect(await jobs.cancel(id)).toBe("requested");
      expect(await jobs.status(id)).toMatchObject({ cancelRequested: true });
      await becomes(id, "cancelled");
      await working.stop(1000);
    });
  });

  it("runs failed and cancelled jobs again, with all their attempts", async () => {
    const { id } = await jobs.enqueue(slow, { name: "twice" });
    const { id: unnoticed } = await jobs.enqueue(quick, { name: "u", fail: true });
    jobs.work();
    await becomes(id, "active");
    expect(await jobs.retry(id)).toBe("unfinished");
    await jobs.cancel(id);
    await becomes(id, "cancelled");
    gates.delete("twice");
    expect(await jobs.retry(id)).toBe("retried");
    await waitFor("it runs again", () => gates.has("twice"));
    gates.get("twice")?.();
    await becomes(id, "completed");
    expect(await jobs.status(id)).toMatchObject({ attempt: 1 });
    expect(await jobs.retry(id)).toBe("completed");
    expect(await jobs.retry("nobody")).toBe("unknown");

    await becomes(unnoticed, "failed");
    expect(await jobs.retry(unnoticed)).toBe("retried");
  });

  it.each([{ resetAttemptsMade: true }, {}])(
    "runs a dead job by the release before that was retried in the queue itself (%j)",
    async (options) => {
      const settings = clients.settings();
      const broken = { ...tracked, run: () => Promise.reject(new Error("broken release")) };
      const newer = await clients.client(settings, { ...table, jobs: [broken] });
      const { id } = await newer.enqueue(broken, { name: "replayed" });
      newer.work();
      await waitFor("it is dead", async () => (await newer.status(id))?.status === "failed");
      await newer.shutdown();

      jobs = await clients.client(settings);
      const queue = (await jobs.provider?.queues?.())?.get("mail");
      await waitFor("the queue has noted it", async () => (await queue?.getJobState(id)) === "failed");
      await (await queue?.getJob(id))?.retry("failed", options);
      jobs.work();
      await becomes(id, "completed");
      expect(done).toEqual(["replayed"]);
      expect((await jobs.deadLetters()).total).toBe(0);
      await waitFor("the queue has noted it", async () => (await queue?.getJobState(id)) === "completed");
    },
  );

  it("changes how urgent a waiting job is", async () => {
    jobs = await clients.client(clients.settings({ QUEUE_CONCURRENCY: "1" }));
    const first = await jobs.enqueue(tracked, { name: "first" });
    const second = await jobs.enqueue(tracked, { name: "second" });
    const third = await jobs.enqueue(quick, { name: "third" });
    expect(await jobs.setPriority(first.id, "low")).toBe(true);
    expect(await jobs.status(first.id)).toMatchObject({ priority: 10 });
    expect(await jobs.setPriority("nobody", 1)).toBe(false);
    await expect(jobs.setPriority(second.id, 0)).rejects.toThrow(InputInvalid);
    expect(await jobs.setPriority(third.id, 10)).toBe(true);
    jobs.work();
    await becomes(first.id, "completed");
    expect(done.indexOf("second")).toBeLessThan(done.indexOf("first"));
    expect(await jobs.setPriority(first.id, "high")).toBe(false);
  });

  it("pauses a queue, and lets it go on", async () => {
    await jobs.pause("mail");
    jobs.work();
    const { id } = await jobs.enqueue(tracked, { name: "held" });
    expect((await jobs.health()).queues.mail).toMatchObject({ paused: true, waiting: 1 });
    expect(done).toEqual([]);
    await jobs.resume("mail");
    await becomes(id, "completed");
    await expect(jobs.pause("nowhere")).rejects.toThrow(InputInvalid);
  });

  it("lists by status, type and queue, a page at a time", async () => {
    for (const name of ["a", "b", "c"]) await jobs.enqueue(tracked, { name });
    await jobs.enqueue(patient, { name: "d" }, { queue: "other", delay: 60_000 });
    await jobs.enqueueBulk(quick, [{ name: "e" }, { name: "f" }]);
    const all = await jobs.list();
    expect([all.total, all.jobs.length]).toEqual([4, 4]);
    expect((await jobs.list({ type: "greet", limit: 2 })).jobs).toHaveLength(2);
    expect((await jobs.list({ type: "greet", limit: 2, offset: 2 })).jobs).toHaveLength(1);
    expect((await jobs.list({ queue: "other" })).jobs).toMatchObject([{ type: "patient", status: "scheduled" }]);
    expect((await jobs.list({ status: ["scheduled", "failed"] })).total).toBe(1);
    const unnoticed = await jobs.list({ type: "quick", limit: 1, offset: 1 });
    expect(unnoticed).toMatchObject({ total: 2, jobs: [{ type: "quick", status: "waiting" }] });
    expect((await jobs.list({ type: "quick", status: "cancelled" })).total).toBe(0);
    await expect(jobs.list({ type: "nothing" })).rejects.toThrow(InputInvalid);
    await expect(jobs.list({ queue: "nowhere" })).rejects.toThrow(InputInvalid);
    await expect(jobs.list({ limit: 501 })).rejects.toThrow(InputInvalid);
    await expect(jobs.list({ offset: -1 })).rejects.toThrow(InputInvalid);
    const { active, scheduled, reserved } = await jobs.inspect();
    expect([active.length, scheduled.length, reserved.length]).toEqual([0, 1, 5]);
  });

  it("keeps the dead, to be run again, settled or forgotten", async () => {
    const working = jobs.work();
    const ids = ["x", "y", "z"];
    for (const id of ids) await jobs.enqueue(tracked, { name: id, fail: true }, { id });
    await jobs.enqueue(quick, { name: "q", fail: true }, { id: "q", queue: "other" });
    await waitFor("all are dead", async () => (await jobs.deadLetters()).total === 4);
    await working.stop(1000);
    const { letters } = await jobs.deadLetters({ queue: "other" });
    expect(letters).toMatchObject([
      { ...{ id: "q", type: "quick", queue: "other", reason: "no greeting for q" }, attempts: 2, resolution: null },
    ]);
    expect((await jobs.deadLetters({ type: "greet", limit: 1 })).letters).toHaveLength(1);

    await expect(jobs.resolveDeadLetter("x", " ")).rejects.toThrow(InputInvalid);
    expect(await jobs.resolveDeadLetter("x", "told by phone")).toBe(true);
    expect(await jobs.resolveDeadLetter("nobody", "note")).toBe(false);
    expect((await jobs.deadLetters({ resolved: true })).letters).toMatchObject([
      { id: "x", resolution: "told by phone" },
    ]);

    expect(await jobs.retryDeadLetters({ ids: ["x", "y", "nobody"] })).toEqual(["y"]);
    expect(await jobs.status("y")).toMatchObject({ status: "waiting" });
    expect(await jobs.retryDeadLetters({ queue: "other" })).toEqual(["q"]);
    expect(await jobs.purgeDeadLetters({ queue: "mail" })).toBe(1);
    expect(await jobs.purgeDeadLetters({ ids: ["x", "nobody"] })).toBe(1);
    expect((await jobs.deadLetters()).total).toBe(0);
    jobs.work();
    await waitFor("both died again", async () => (await jobs.deadLetters()).total === 2);
  });

  it("keeps the letters of those that fail again at once, where they are retried", async () => {
    const alone = await clients.client(clients.settings({ QUEUE_ENABLED: "false" }));
    const failed = await alone.enqueue(tracked, { name: "t", fail: true }).catch((error) => error);
    expect(failed).toBeInstanceOf(JobFailed);
    const letter = { queue: "mail", reason: "long ago", attempts: 2, failedAt: 1 };
    await alone.store.bury({ ...letter, id: failed.id, type: "greet", payload: "{}" });
    await alone.store.bury({ ...letter, id: "r-1", type: "quick", payload: '{"name":"q","fail":true}' });
    await alone.store.bury({ ...letter, id: "r-2", type: "quick", payload: '{"name":"done"}' });
    expect((await alone.retryDeadLetters({ queue: "mail" })).toSorted()).toEqual([failed.id, "r-1", "r-2"].toSorted());
    const { letters } = await alone.deadLetters();
    expect(letters).toMatchObject([{ id: failed.id, reason: "no greeting for t" }, { id: "r-1" }]);
    expect(done).toEqual(["done"]);
    expect(await alone.status(failed.id)).toMatchObject({ status: "failed" });
  });

  it("keeps the letters of those that fail again while they are retried", async () => {
    const letter = {
      type: "greet",
      queue: "mail",
      payload: '{"name":1}',
      reason: "long ago",
      attempts: 2,
      failedAt: 1,
    };
    const ids = Array.from({ length: 60 }, (_, n) => `again-${n}`);
    for (const id of ids) await jobs.store.bury({ ...letter, id });
    jobs.work();
    expect(await jobs.retryDeadLetters({ ids })).toEqual(ids);
    await waitFor("all have failed", async () => (await jobs.list({ status: "failed" })).total === ids.length);
    await waitFor("all are dead", async () => (await jobs.deadLetters()).total === ids.length);
  });

  it("runs the dead again that the task table has forgotten, readable or not", async () => {
    const letter = { queue: "mail", reason: "long ago", attempts: 2, failedAt: Date.now() };
    await jobs.store.bury({ ...letter, id: "r-1", type: "ordered", payload: '{"name":"read"}' });
    await jobs.store.bury({ ...letter, id: "r-2", type: "greet", payload: '{"name":1}' });
    await jobs.store.bury({ ...letter, id: "r-3", type: "quick", payload: '{"name":"quick"}' });
    await jobs.store.bury({ ...letter, id: "r-4", type: "stranger", payload: "{}" });
    const all = { ids: ["r-1", "r-2", "r-3", "r-4"] };
    expect(await jobs.retryDeadLetters(all)).toEqual(["r-1", "r-2", "r-3"]);
    jobs.work();
    await becomes("r-1", "completed");
    await becomes("r-2", "failed");
    await becomes("r-3", "completed");
    expect(done.toSorted()).toEqual(["quick", "read"]);
    const { letters } = await jobs.deadLetters();
    expect(letters.map(({ id }) => id).toSorted()).toEqual(["r-2", "r-4"]);
    expect(letters.find(({ id }) => id === "r-2")?.reason).toContain("ungültige Daten");
  });

  it("tells everyone who watches what changes, once", async () => {
    const settings = clients.settings();
    const [one, two] = [await clients.client(settings), await clients.client(settings)];
    const seen: string[] = [];
    const alsoSeen: string[] = [];
    const watching = one.watch(({ id, status }) => seen.push(`${id} ${status}`));
    const other = one.watch(({ id, status }) => alsoSeen.push(`${id} ${status}`));
    await two.enqueue(tracked, { name: "watched" }, { id: "w-1" });
    await waitFor("the new job is seen", () => seen.includes("w-1 waiting"));
    two.work();
    await waitFor("its end is seen", () => seen.includes("w-1 completed"));
    // A further look goes back a little, over what was told already.
    await two.enqueue(tracked, { name: "watched" }, { id: "w-2" });
    await waitFor("the next one's end is seen", () => seen.includes("w-2 completed"));
    watching.close();
    expect(seen.length).toBe(new Set(seen).size);
    expect(alsoSeen).toEqual(seen);
    await two.enqueue(tracked, { name: "unseen" }, { id: "w-3" });
    await waitFor("the other one sees it", () => alsoSeen.includes("w-3 completed"));
    other.close();
    expect(seen.join()).not.toContain("w-3");
  });
});
