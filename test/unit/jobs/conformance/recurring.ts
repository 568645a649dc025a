import { expect, test } from "vitest";
import type { Recurring } from "../../../../app/jobs/provider/provider";
import { waitFor } from "../../../support/wait-for";
import type { Site } from "./harness";

const definition = { queue: "first", type: "first-normal", payload: '{"n":1}', priority: 5, attempts: 2, backoff: 10 };
const often: Recurring = { ...definition, name: "often", everyMs: 400 };
const daily: Recurring = { ...definition, name: "daily", cron: "30 3 * * *", timeZone: "Europe/Berlin" };

/** Jobs that are made again and again. */
export function recurs(site: () => Site): void {
  test("a recurring job is made by one of all processes each time", async () => {
    const providers = [await site().open(), await site().open(), await site().open()];
    for (const provider of providers) {
      await provider.setRecurring(often);
      site().work(provider, ["first"], async ({ payload, type }) => {
        expect({ payload: JSON.parse(payload), type }).toEqual({ payload: { n: 1 }, type: "first-normal" });
        return undefined;
      });
    }
    const from = Date.now();
    const runs = [...(await site().ran(5))];
    expect(new Set(runs).size).toBe(runs.length);
    // Five of them are at least four intervals apart, unless some were made twice.
    expect(Date.now() - from).toBeGreaterThanOrEqual(4 * 400 - 400);
    const listed = await providers[0]?.recurring();
    expect(listed?.map(({ name }) => name)).toEqual(["often"]);
  });

  test("setting it again replaces it, in whatever queue, and its time zone counts", async () => {
    const provider = await site().open();
    await provider.setRecurring({ ...daily, timeZone: "UTC" });
    await provider.setRecurring(daily);
    const [set, ...more] = await provider.recurring();
    expect(more).toEqual([]);
    expect(set).toEqual({ ...daily, nextAt: expect.any(Number) });
    const at = new Intl.DateTimeFormat("de", { timeZone: "Europe/Berlin", timeStyle: "short" });
    expect(at.format(set?.nextAt ?? 0)).toBe("03:30");
    expect(set?.nextAt).toBeGreaterThan(Date.now());
    await provider.setRecurring({ ...daily, queue: "second", type: "second-normal" });
    expect((await provider.recurring()).map(({ name, queue }) => [name, queue])).toEqual([["daily", "second"]]);
  });

  test("a start that sets it again as it is doesn't put it off", async () => {
    const provider = await site().open();
    const hourly: Recurring = { ...definition, name: "hourly", everyMs: 3_600_000 };
    await provider.setRecurring(hourly);
    const [before] = await provider.recurring();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await provider.setRecurring(hourly);
    expect(await provider.recurring()).toEqual([before]);
    expect(before).toEqual({ ...hourly, nextAt: expect.any(Number) });
  });

  test("a removed one makes no more jobs", async () => {
    const provider = await site().open();
    await provider.setRecurring(often);
    await provider.setRecurring(daily);
    site().work(provider);
    await site().ran(1);
    expect(await provider.removeRecurring("first", "often")).toBe(true);
    expect(await provider.removeRecurring("first", "often")).toBe(false);
    expect((await provider.recurring()).map(({ name }) => name)).toEqual(["daily"]);
    await waitFor("quiet", async () => {
      const { active, waiting } = await provider.counts("first");
      return active + waiting === 0;
    });
    const { length } = site().runs;
    // Three intervals and nothing: there is no event of what doesn't happen.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(site().runs).toHaveLength(length);
  });
}
