import { expect, test } from "vitest";
import { waitFor } from "../../../support/wait-for";
import { gate, type Site } from "./harness";
import { newJob } from "./table";

/** In what order, and how many at a time. */
export function ordersAndLimits(site: () => Site): void {
  test("the more urgent job is taken first, of equals the older one", async () => {
    const provider = await site().open();
    const jobs = [5, 10, 5, 1, 1, 7].map((priority) => newJob({ priority }));
    await provider.add(jobs.slice(0, 2));
    await provider.add(jobs.slice(2));
    site().work(provider);
    const order = [3, 4, 0, 2, 5, 1].map((index) => `${jobs[index]?.id}#1`);
    expect(await site().ran(6)).toEqual(order);
  });

  test("a job that waits can be made more urgent", async () => {
    const provider = await site().open();
    const jobs = [newJob(), newJob(), newJob()];
    const later = newJob({ runAt: Date.now() + 60_000 });
    await provider.add([...jobs, later]);
    const [first, second, third] = jobs.map(({ id }) => id) as [string, string, string];
    expect(await provider.setPriority("first", third, 1)).toBe(true);
    expect(await provider.setPriority("first", first, 10)).toBe(true);
    expect(await provider.setPriority("first", later.id, 2)).toBe(true);
    expect(await provider.setPriority("first", "unknown", 1)).toBe(false);
    expect(await provider.find("first", third)).toMatchObject({ priority: 1, status: "waiting" });
    expect(await provider.find("first", later.id)).toMatchObject({ priority: 2, status: "scheduled" });
    site().work(provider);
    expect(await site().ran(3)).toEqual([`${third}#1`, `${second}#1`, `${first}#1`]);
    await waitFor("the ends", async () => (await provider.counts("first")).completed === 3);
    expect(await provider.setPriority("first", first, 1)).toBe(false);
  });

  test("a job of a later queue is taken only when none waits in an earlier one", async () => {
    const provider = await site().open();
    const late = [newJob({ queue: "second", priority: 1 }), newJob({ queue: "second" })];
    const early = [newJob({ priority: 10 }), newJob()];
    const between = newJob();
    await provider.add([...late, ...early]);
    site().work(provider, ["first", "second"], async ({ id }) => {
      if (id === late[0]?.id) await provider.add([between]);
      return undefined;
    });
    const order = [early[1], early[0], late[0], between, late[1]].map((job) => `${job?.id}#1`);
    expect(await site().ran(5)).toEqual(order);
  });

  test("no more run at a time than allowed, over all queues", async () => {
    const provider = await site().open();
    const open = gate();
    let most = 0;
    let now = 0;
    await provider.add(Array.from({ length: 12 }, (_, at) => newJob({ queue: at % 2 ? "first" : "second" })));
    const work = async () => {
      now += 1;
      most = Math.max(most, now);
      await open.promise;
      now -= 1;
      return undefined;
    };
    site().work(provider, ["first", "second"], work, { concurrency: 3 });
    await site().ran(3);
    // There is no event of what doesn't happen.
    await new Promise((resolve) => setTimeout(resolve, 300));
    open.resolve();
    await site().ran(12);
    expect(most).toBe(3);
  });

  test("a paused queue's jobs wait, for the workers of all processes, and new ones too", async () => {
    const [one, other] = [await site().open(), await site().open()];
    await one.pause("first");
    await one.pause("first");
    const jobs = [newJob(), newJob({ queue: "second" }), newJob({ queue: "second" })];
    await one.add(jobs);
    site().work(other, ["first", "second"]);
    await waitFor("the other queue's jobs", async () => (await one.counts("second")).completed === 2);
    expect(await other.counts("first")).toMatchObject({ waiting: 1, active: 0, paused: true });
    expect(site().runs).not.toContain(`${jobs[0]?.id}#1`);
    await other.resume("first");
    await waitFor("its job", async () => (await one.counts("first")).completed === 1);
    expect(await one.counts("first")).toMatchObject({ paused: false });
    await other.resume("first");
  });

  test("all workers together start no more jobs in a time than the limit says", async () => {
    const [one, other] = [await site().open(), await site().open()];
    const begun: number[] = [];
    await one.add(Array.from({ length: 5 }, () => newJob({ queue: "limited" })));
    for (const provider of [one, other]) {
      const work = async () => {
        begun.push(Date.now());
        return undefined;
      };
      site().work(provider, ["limited"], work, { concurrency: 5 });
    }
    await site().ran(5);
    // Two of one window, two of the next, one of the third: the times between are measured where they are caused.
    const [first = 0, , , , last = 0] = begun;
    expect(last - first).toBeGreaterThanOrEqual(1500);
  });
}
