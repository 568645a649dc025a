import { expect, test } from "vitest";
import { QueueUnavailable } from "../../../../app/jobs/provider/provider";
import { waitFor } from "../../../support/wait-for";
import { gate, type Server, type Site } from "./harness";
import { newJob } from "./table";

/** Far longer than the 2 s that a refusal may take, since the computer may be busy. */
const FAST_MS = 6000;

/** Workers that die, and a server that is away. */
export function canBeReachedAgain(site: () => Site, server: () => Server, name: string): void {
  const refused = async (what: Promise<unknown>) => {
    const started = performance.now();
    await expect(what).rejects.toThrow(QueueUnavailable);
    expect(performance.now() - started).toBeLessThan(FAST_MS);
  };

  test("the job of a killed worker runs again, and doesn't count as a failure", async () => {
    const provider = await site().open();
    const id = await site().killWorkerMidJob(name, provider);
    const stalled: string[] = [];
    const events = { stalled: (job: string, queue: string) => void stalled.push(`${queue}/${job}`) };
    site().work(provider, ["first"], undefined, { events });
    expect(await site().ran(1, 40)).toEqual([`${id}#1`]);
    expect(stalled).toEqual([`first/${id}`]);
    await waitFor("its end", async () => (await provider.find("first", id))?.status === "completed");
  }, 60_000);

  test("a job that lasts longer than a lock lives is run once, by one worker", async () => {
    const [one, other] = [await site().open(), await site().open()];
    const job = newJob();
    await one.add([job]);
    const long = async () => {
      await new Promise((resolve) => setTimeout(resolve, 8000));
      return undefined;
    };
    for (const provider of [one, other]) site().work(provider, ["first"], long);
    await waitFor("its end", async () => (await one.find("first", job.id))?.status === "completed", 25);
    expect(site().runs).toEqual([`${job.id}#1`]);
  }, 40_000);

  test("while its server is away everything is refused at once, and works again by itself", async () => {
    const provider = await site().open();
    expect(await provider.answers()).toBe(true);
    const open = gate();
    const [running, job] = [newJob(), newJob()];
    await provider.add([running]);
    site().work(provider, ["first"], async ({ id }) => {
      if (id === running.id) await open.promise;
      return undefined;
    });
    await site().ran(1);
    await server().kill();
    await refused(provider.add([job]));
    await refused(provider.find("first", job.id));
    await refused(provider.counts("first"));
    await refused(provider.recurring());
    expect(await provider.answers()).toBe(false);
    await server().start();
    await waitFor("an answer", () => provider.answers(), 20);
    open.resolve();
    await waitFor("the job to be taken in", () => provider.add([job]).then(() => true), 20);
    await waitFor("its end", async () => (await provider.find("first", job.id))?.status === "completed", 30);
    // The run that began before ended well, or was done again by the worker that is left.
    await waitFor("the other's", async () => (await provider.find("first", running.id))?.status === "completed", 30);
  }, 90_000);

  test("while its server says nothing everything is refused soon, and works again by itself", async () => {
    const provider = await site().open();
    const job = newJob();
    server().freeze();
    try {
      await refused(provider.add([job]));
      await refused(provider.counts("first"));
      expect(await provider.answers()).toBe(false);
    } finally {
      server().thaw();
    }
    await waitFor("the job to be taken in", () => provider.add([job]).then(() => true), 20);
    expect((await provider.counts("first")).waiting).toBe(1);
  }, 60_000);

  test("a server that isn't there at the start is waited for", async () => {
    await server().kill();
    const provider = await site().open();
    await refused(provider.add([newJob()]));
    const said: string[] = [];
    const events = { ready: () => void said.push("ready"), away: () => void said.push("away") };
    site().work(provider, ["first"], undefined, { events });
    await waitFor("word that it is away", () => said.includes("away"));
    await server().start();
    await waitFor("word that it is ready", () => said.includes("ready"), 20);
    const job = newJob();
    await waitFor("the job to be taken in", () => provider.add([job]).then(() => true), 20);
    await site().ran(1);
    expect(said).toEqual(["away", "ready"]);
    const lines = site().lines.join("\n");
    expect(lines).toMatch(/^\[Queue Service\] \S+-Verbindungsfehler: \S/m);
    expect(lines).toMatch(/^\[Queue Service\] ✅ \S+-Verbindung hergestellt$/m);
  }, 60_000);
}
