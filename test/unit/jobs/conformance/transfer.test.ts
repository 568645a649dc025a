import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openAgenda } from "../../../../app/jobs/provider/agenda";
import { openBullmq } from "../../../../app/jobs/provider/bullmq";
import { readDump, writeDump } from "../../../../app/jobs/provider/dump-file";
import type { Provider } from "../../../../app/jobs/provider/provider";
import { exportJobs, importJobs } from "../../../../app/jobs/provider/transfer";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { postgres } from "../support/postgres";
import { gate, type Server, Site } from "./harness";
import { startPostgres, startRedis } from "./servers";
import { newJob, table } from "./table";

const QUEUES = Object.keys(table.queues);
const FAR = Date.now() + 86_400_000;
const missing = redis.missing || postgres.missing;

describe.skipIf(missing)(`moving jobs between providers${redis.note}${postgres.note}`, () => {
  let servers: [Server, Server];
  let bullmq: Site;
  let agenda: Site;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    servers = [await startRedis(), await startPostgres()];
  }, 60_000);
  afterAll(async () => {
    for (const server of servers) await server.remove();
  });
  beforeEach(() => {
    bullmq = new Site(openBullmq, servers[0]);
    agenda = new Site(openAgenda, servers[1]);
    folder = mkdtempSync(join(tmpdir(), "queuehost-dump-"));
    file = join(folder, "jobs.jsonl");
  });
  afterEach(async () => {
    await bullmq.close();
    await agenda.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Jobs of every kind, of which one has failed for good. */
  async function fill(provider: Provider, site: Site) {
    const failing = newJob({ queue: "second", attempts: 1 });
    await provider.add([failing]);
    const worker = site.work(provider, ["second"], async () => ({ kind: "failed", error: "no", final: true }));
    await waitFor("the failure", async () => (await provider.counts("second")).failed === 1);
    await worker.stop(0);
    const waiting = [newJob(), newJob({ priority: 1 }), newJob({ payload: '{"secret":{"$enc":"k1:AAAA"},"$v":2}' })];
    const later = newJob({ queue: "brief", runAt: FAR, attempts: 9, backoff: 1234 });
    await provider.add([...waiting, later]);
    const common = { queue: "first", type: "first-normal", payload: '{"n":1}', priority: 5, attempts: 2, backoff: 10 };
    await provider.setRecurring({ ...common, name: "daily", cron: "30 3 * * *", timeZone: "Europe/Berlin" });
    // Set at an interval, BullMQ makes the first job at once.
    const often = provider.name === "agenda" ? { everyMs: 86_400_000 } : { cron: "15 4 1 * *", timeZone: "UTC" };
    await provider.setRecurring({ ...common, name: "often", ...often });
    return { failing, waiting, later };
  }

  const ways = [
    ["bullmq", "agenda"],
    ["agenda", "bullmq"],
  ] as const;
  test.for(ways)("all that waits goes from %s to %s by a file, as it was", async ([from]) => {
    const [source, target] = from === "bullmq" ? [bullmq, agenda] : [agenda, bullmq];
    const old = await source.open();
    const { failing, waiting, later } = await fill(old, source);
    const options = { pauseMs: 5000, failed: true };
    await writeDump(file, await exportJobs(old, source.settings.prefix, QUEUES, options));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [header] = readFileSync(file, "utf8").split("\n");
    expect(JSON.parse(header ?? "")).toMatchObject({ provider: from, jobs: 5, recurring: 2 });

    const dump = await readDump(file);
    expect(Object.fromEntries(dump.jobs.map(({ id, status }) => [id, status]))).toEqual({
      [failing.id]: "failed",
      ...Object.fromEntries(waiting.map(({ id }) => [id, "waiting"])),
      [later.id]: "scheduled",
    });
    const fresh = await target.open();
    expect(await importJobs(fresh, QUEUES, dump)).toEqual({ added: 5, known: 0, recurring: 2 });
    expect(await importJobs(fresh, QUEUES, dump)).toEqual({ added: 0, known: 5, recurring: 2 });
    for (const job of [...waiting, later, failing]) {
      const { payload, ...rest } = job;
      const found = await fresh.find(job.queue, job.id);
      expect(found).toMatchObject({ ...rest, status: job.runAt === null ? "waiting" : "scheduled" });
      expect(JSON.parse(found?.payload ?? "")).toEqual(JSON.parse(payload));
    }
    const recurring = (provider: Provider) =>
      provider.recurring().then((all) => all.map(({ nextAt: _, ...each }) => each));
    const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
    expect((await recurring(fresh)).toSorted(byName)).toEqual((await recurring(old)).toSorted(byName));
    target.work(fresh);
    const order = [waiting[1], waiting[0], waiting[2]].map((job) => `${job?.id}#1`);
    expect((await target.ran(3)).slice(0, 3)).toEqual(order);
  });

  test("a job that has failed once has one attempt less left where it arrives", async () => {
    const old = await bullmq.open();
    const job = newJob({ attempts: 3, backoff: 3_600_000 });
    await old.add([job]);
    bullmq.work(old, ["first"], async () => ({ kind: "failed", error: "no", final: false }));
    await waitFor("its pause", async () => (await old.counts("first")).scheduled === 1);
    const dump = await exportJobs(old, "x", QUEUES, { pauseMs: 5000 });
    expect(dump.jobs).toMatchObject([{ id: job.id, attempts: 2, status: "scheduled" }]);
  });

  test("nothing is exported while jobs could run", async () => {
    const old = await agenda.open();
    await old.add([newJob()]);
    await expect(exportJobs(old, "x", QUEUES)).rejects.toThrow("queue first isn't paused");
    const open = gate();
    agenda.work(old, ["first"], async () => {
      await open.promise;
      return undefined;
    });
    await agenda.ran(1);
    await expect(exportJobs(old, "x", QUEUES, { pauseMs: 300 })).rejects.toThrow("queue first has 1 running jobs");
    open.resolve();
    expect((await exportJobs(old, "x", QUEUES, { pauseMs: 10_000 })).jobs).toEqual([]);
  });

  test("nothing is exported half: jobs that come meanwhile are told", async () => {
    const old = await agenda.open();
    for (const queue of QUEUES) await old.pause(queue);
    await old.add([newJob()]);
    const busy: Provider = Object.assign(Object.create(old) as Provider, {
      list: async (...args: Parameters<Provider["list"]>) => {
        const page = await old.list(...args);
        await old.add([newJob()]);
        return page;
      },
    });
    await expect(exportJobs(busy, "x", QUEUES)).rejects.toThrow("queue first: it got jobs meanwhile");
  });

  test("a file that isn't as it was written is refused, before anything is added", async () => {
    const old = await agenda.open();
    const { waiting } = await fill(old, agenda);
    await writeDump(file, await exportJobs(old, "x", QUEUES, { pauseMs: 5000 }));
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n");
    const faults: [string, string][] = [
      [text.slice(0, -1), "it is cut off"],
      [lines.slice(0, -2).join("\n").concat("\n"), "should be the closing line"],
      [lines.toSpliced(2, 1).join("\n"), "should hold 4 and 2, has 3 jobs and 2 recurring ones"],
      [text.replace(waiting[0]?.id ?? "", "another"), "its digest is another"],
      [[lines[0], lines[1], "{}", ...lines.slice(3)].join("\n"), "line 3 should be a job"],
      [text.replace('"version":1', '"version":2'), "line 1 should be the header of format queuehost-jobs, version 1"],
      ["", "it is cut off"],
    ];
    for (const [content, message] of faults) {
      writeFileSync(file, content);
      await expect(readDump(file)).rejects.toThrow(message);
    }
    await expect(readDump(join(folder, "nothing"))).rejects.toThrow("can't be read (ENOENT");
    writeFileSync(file, text);
    const dump = await readDump(file);
    await expect(writeDump(join(folder, "no", "where"), dump)).rejects.toThrow("can't be written (ENOENT");
    await expect(writeDump(file, dump)).rejects.toThrow("is there already; name another file");
    expect(readdirSync(folder)).toEqual(["jobs.jsonl"]);
  });

  test("a queue that isn't there, and a job that didn't arrive, are told", async () => {
    const old = await agenda.open();
    const { later } = await fill(old, agenda);
    const dump = await exportJobs(old, "x", QUEUES, { pauseMs: 5000 });
    const fresh = await bullmq.open();
    await expect(importJobs(fresh, ["first"], dump)).rejects.toThrow("there is no queue brief here (there are first)");
    expect(await fresh.counts("first")).toMatchObject({ waiting: 0, scheduled: 0 });
    const forgetful: Provider = Object.assign(Object.create(fresh) as Provider, {
      add: (jobs: Parameters<Provider["add"]>[0]) => fresh.add(jobs.filter(({ id }) => id !== later.id)),
    });
    await expect(importJobs(forgetful, QUEUES, dump)).rejects.toThrow(
      `1 jobs aren't there as they were exported (brief/${later.id})`,
    );
  });
});
