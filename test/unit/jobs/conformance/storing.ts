import { expect, test } from "vitest";
import { waitFor } from "../../../support/wait-for";
import { gate, type Site } from "./harness";
import { newJob } from "./table";

const FAR = 24 * 60 * 60 * 1000;

/** Adding, finding, listing, counting, removing. */
export function stores(site: () => Site): void {
  test("a job is found as it was added", async () => {
    const provider = await site().open();
    const before = Date.now();
    const text = "Grüße \u0000 \ud83d\ude00 \" ' \\ \n";
    const job = newJob({ payload: JSON.stringify({ $v: 2, text, list: [], n: 1e21, x: 0.1 }), attempts: 7 });
    await provider.add([job]);
    const found = await provider.find("first", job.id);
    expect(found).toMatchObject({ ...job, payload: expect.any(String), status: "waiting", attempt: 0, progress: 0 });
    expect(found).toMatchObject({ error: null, result: null, startedAt: null, finishedAt: null });
    expect(JSON.parse(found?.payload ?? "")).toEqual(JSON.parse(job.payload));
    expect(found?.createdAt).toBeGreaterThanOrEqual(before);
    expect(found?.createdAt).toBeLessThanOrEqual(Date.now());
    expect(await provider.find("first", "unknown")).toBeUndefined();
  });

  test("an id is there once in its queue, from whichever process, and stays as it was", async () => {
    const [one, other] = [await site().open(), await site().open()];
    const job = newJob({ payload: '{"kept":true}' });
    await one.add([job]);
    const again = { ...job, payload: '{"kept":false}', priority: 1 };
    await Promise.all([one, other, one, other].map((provider) => provider.add([again, again])));
    expect((await one.counts("first")).waiting).toBe(1);
    expect((await other.find("first", job.id))?.payload).toBe('{"kept":true}');
    const elsewhere = { ...again, queue: "second" };
    await Promise.all([one.add([elsewhere]), other.add([elsewhere])]);
    expect((await one.counts("second")).waiting).toBe(1);
    expect((await one.find("second", job.id))?.payload).toBe('{"kept":false}');
  });

  test("a finished job's id is still known", async () => {
    const provider = await site().open();
    const job = newJob();
    await provider.add([job]);
    site().work(provider);
    await waitFor("its end", async () => (await provider.counts("first")).completed === 1);
    await provider.add([job]);
    expect(await provider.counts("first")).toMatchObject({ waiting: 0, active: 0, completed: 1 });
  });

  test("many jobs of several queues are added at once", async () => {
    const provider = await site().open();
    const jobs = Array.from({ length: 700 }, (_, index) => newJob({ queue: index % 2 === 0 ? "first" : "second" }));
    await provider.add(jobs);
    expect((await provider.counts("first")).waiting).toBe(350);
    expect((await provider.counts("second")).waiting).toBe(350);
    await provider.add([]);
  });

  test("counts and lists tell each status apart, page by page", async () => {
    const provider = await site().open();
    const open = gate();
    const active = newJob({ priority: 1 });
    const failing = newJob({ priority: 1, attempts: 1 });
    await provider.add([failing]);
    site().work(provider, ["first"], async ({ id }) => {
      if (id === failing.id) return { kind: "failed", error: "no", final: false };
      await open.promise;
      return undefined;
    });
    await waitFor("the failure", async () => (await provider.counts("first")).failed === 1);
    await provider.add([active]);
    await site().ran(2);
    const waiting = [newJob(), newJob(), newJob()];
    const later = newJob({ runAt: Date.now() + FAR });
    await provider.add([...waiting, later]);
    const paused = false;
    expect(await provider.counts("first")).toEqual({
      ...{ scheduled: 1, waiting: 3, active: 1, completed: 0, failed: 1, paused },
    });
    const pages = [];
    for (let offset = 0; offset < 6; offset += 2)
      pages.push(await provider.list("first", ["active", "waiting", "scheduled", "failed"], 2, offset));
    expect(pages.map((page) => page.length)).toEqual([2, 2, 2]);
    const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id).sort();
    expect(ids(pages.flat())).toEqual(ids([active, failing, later, ...waiting]));
    const [scheduled] = await provider.list("first", ["scheduled"], 10, 0);
    expect(scheduled).toMatchObject({ id: later.id, status: "scheduled", runAt: later.runAt });
    const [failed] = await provider.list("first", ["failed"], 10, 0);
    expect(failed).toMatchObject({ id: failing.id, status: "failed", error: "no", attempt: 1 });
    expect(await provider.list("first", ["completed"], 10, 0)).toEqual([]);
    open.resolve();
  });

  test("what waits is removed, what is active isn't", async () => {
    const provider = await site().open();
    const open = gate();
    const [active, waiting, later] = [newJob(), newJob(), newJob({ runAt: Date.now() + FAR })];
    await provider.add([active]);
    site().work(provider, ["first"], async () => {
      await open.promise;
      return undefined;
    });
    await site().ran(1);
    await provider.add([waiting, later]);
    expect(await provider.remove("first", waiting.id)).toBe("removed");
    expect(await provider.remove("first", later.id)).toBe("removed");
    expect(await provider.remove("first", active.id)).toBe("active");
    expect(await provider.remove("first", waiting.id)).toBe("unknown");
    expect(await provider.counts("first")).toMatchObject({ waiting: 0, scheduled: 0, active: 1 });
    open.resolve();
    await waitFor("its end", async () => (await provider.counts("first")).completed === 1);
    expect(await provider.remove("first", active.id)).toBe("removed");
    // Its id is free again.
    await provider.add([active]);
    await waitFor("its second run", async () => (await provider.counts("first")).completed === 1);
  });

  test("only so many finished jobs stay, and only so long", async () => {
    const provider = await site().open();
    const some = (queue: string, count: number, attempts = 3) =>
      Array.from({ length: count }, () => newJob({ queue, attempts }));
    const failing = some("brief", 3, 1);
    const fine = some("brief", 5);
    await provider.add([...fine, ...failing, ...some("fleeting", 2)]);
    site().work(provider, ["brief", "fleeting"], async ({ id }) =>
      failing.some((job) => job.id === id) ? { kind: "failed", error: "no", final: true } : undefined,
    );
    await site().ran(10);
    await waitFor("two completed and one failed", async () => {
      const { waiting, active, completed, failed } = await provider.counts("brief");
      return waiting + active === 0 && completed === 2 && failed === 1;
    });
    const kept = await provider.list("brief", ["completed"], 10, 0);
    expect(kept.map(({ id }) => id)).toEqual([fine[4]?.id, fine[3]?.id]);
    await waitFor("the old ones to go", async () => {
      // BullMQ looks for old ones when another job ends.
      await provider.add([newJob({ queue: "fleeting" })]);
      const ended = await provider.list("fleeting", ["completed"], 100, 0);
      return ended.length > 0 && ended.every(({ finishedAt }) => (finishedAt ?? 0) > Date.now() - 4000);
    });
  });
}
