import type { JobRepository } from "agenda" with { "resolution-mode": "import" };
import { Redis } from "ioredis";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openAgenda } from "../../../../app/jobs/provider/agenda";
import { PostgresShelf } from "../../../../app/jobs/provider/agenda/postgres";
import { RedisShelf } from "../../../../app/jobs/provider/agenda/redis";
import type { Shelf } from "../../../../app/jobs/provider/agenda/shelf";
import { QueueUnavailable } from "../../../../app/jobs/provider/provider";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { gate, type Server, Site } from "../conformance/harness";
import { startPostgres, startRedis } from "../conformance/servers";
import { newJob } from "../conformance/table";
import { postgres } from "../support/postgres";

/** Reads what Agenda's own programs would read. */
interface Reader {
  readonly repository: JobRepository;
  end(): Promise<void>;
}

const backends = [
  {
    name: "PostgreSQL",
    skipped: postgres,
    start: startPostgres,
    shelf: ({ settings }: Site): Shelf => new PostgresShelf(settings.databaseUrl ?? ""),
    async read({ settings }: Site): Promise<Reader> {
      const { PostgresJobRepository } = await import("@agendajs/postgres-backend");
      const pool = new Pool({ connectionString: settings.databaseUrl });
      const repository = new PostgresJobRepository({ pool, tableName: "queuehost_agenda_jobs", ensureSchema: false });
      return { repository, end: () => pool.end() };
    },
  },
  {
    name: "Redis",
    skipped: redis,
    start: startRedis,
    shelf: ({ settings }: Site): Shelf => new RedisShelf(settings),
    async read({ settings }: Site): Promise<Reader> {
      const { RedisJobRepository } = await import("@agendajs/redis-backend");
      const { port, password } = settings.redis;
      const redisOptions = { port, password };
      const repository = new RedisJobRepository({ redisOptions, keyPrefix: `${settings.prefix}:agenda:` });
      return { repository, end: () => repository.disconnect() };
    },
  },
];

for (const { name, skipped, start, shelf, read } of backends) {
  describe.skipIf(skipped.missing)(`Agenda on ${name}${skipped.note}`, () => {
    let server: Server;
    let site: Site;
    beforeAll(async () => {
      server = await start();
    }, 60_000);
    afterAll(async () => {
      await server.remove();
    });
    beforeEach(() => {
      site = new Site(openAgenda, server);
    });
    afterEach(async () => {
      await site.close();
    });

    test("Agenda's own programs see our jobs as what they are", async () => {
      const provider = await site.open();
      const open = gate();
      const [completed, failed, active] = [newJob(), newJob({ attempts: 1 }), newJob()];
      await provider.add([completed, failed, active]);
      site.work(provider, ["first"], async ({ id }) => {
        if (id === failed.id) return { kind: "failed", error: "no", final: true };
        if (id === active.id) await open.promise;
        return undefined;
      });
      await site.ran(3);
      const [waiting, later] = [newJob({ priority: 1 }), newJob({ runAt: Date.now() + 60_000 })];
      await provider.add([waiting, later]);
      const { repository, end } = await read(site);
      const { jobs } = await repository.queryJobs({ name: `${site.settings.prefix}:first-queue` });
      await end();
      open.resolve();
      const states = jobs.map((job) => [(job.data as { id: string }).id, job.state]);
      expect(Object.fromEntries(states)).toEqual({
        [completed.id]: "completed",
        [failed.id]: "failed",
        [active.id]: "running",
        [waiting.id]: "queued",
        [later.id]: "scheduled",
      });
      expect(jobs.find((job) => job.state === "queued")).toMatchObject({ priority: 10, failReason: undefined });
      expect(jobs.find((job) => job.state === "failed")).toMatchObject({ failReason: "no", failCount: 1 });
    });

    test("processes that start at once on an empty server don't get in each other's way", async () => {
      const providers = await Promise.all(Array.from({ length: 6 }, () => site.open()));
      for (const provider of providers) expect(await provider.answers()).toBe(true);
      expect(site.lines).toEqual(Array(6).fill(`[Queue Service] ✅ ${name}-Verbindung hergestellt`));
    });

    test("a worker elsewhere hears of a new job", async () => {
      const [one, other] = [shelf(site), shelf(site)];
      const heard: string[] = [];
      other.subscribe((queue) => heard.push(queue));
      await one.connect();
      await other.connect();
      await one.publish("mail");
      await waitFor("the word", () => heard.includes("mail"));
      // And again after the connection was lost.
      await other.connect();
      await one.publish("reports");
      await waitFor("the word", () => heard.includes("reports"));
      await one.close();
      await other.close();
    });

    test("a job that kills its workers is given up in the end", async () => {
      const provider = await site.open();
      const job = newJob();
      await provider.add([job]);
      const direct = shelf(site);
      await direct.connect();
      const queue = `${site.settings.prefix}:first-queue`;
      const entry = await direct.get(queue, job.id);
      if (!entry) throw new Error("no job");
      // As if a worker had died with it for the eleventh time, long ago.
      await direct.take(queue, Date.now(), 0, "dead");
      const patch = { lockedAt: Date.now() - 60_000, data: { ...entry.data, stalled: 10 } };
      expect(await direct.change(queue, job.id, { heldBy: "dead" }, patch)).toBe(true);
      const given: unknown[] = [];
      const events = { gaveUp: (gone: object, error: string) => void given.push([gone, error]) };
      site.work(provider, ["first"], undefined, { events });
      await waitFor("its end", async () => (await provider.counts("first")).failed === 1);
      const { id, type, payload } = job;
      expect(given).toEqual([[{ id, queue: "first", type, payload, attempt: 1 }, "its worker died 11 times"]]);
      expect(site.runs).toEqual([]);
      await direct.close();
    });

    test("who has lost the lock can't note the end", async () => {
      const provider = await site.open();
      const open = gate();
      const job = newJob();
      await provider.add([job]);
      const faults: string[] = [];
      const work = async () => {
        await open.promise;
        return undefined;
      };
      site.work(provider, ["first"], work, { events: { error: ({ message }) => void faults.push(message) } });
      await site.ran(1);
      const direct = shelf(site);
      await direct.connect();
      const queue = `${site.settings.prefix}:first-queue`;
      const now = Date.now() + 60_000;
      expect(await direct.take(queue, now, now, "another")).toMatchObject({ expired: true });
      open.resolve();
      await waitFor("word of it", () => faults.length > 0);
      expect(faults[0]).toMatch(`the lock of job ${job.id} was lost`);
      expect(await provider.find("first", job.id)).toMatchObject({ status: "active" });
      await direct.close();
    });

    test("a wrong password, or no such database, is told as what it is", async () => {
      const { redis: at, databaseUrl } = site.settings;
      const nowhere = databaseUrl?.replace(/test_\d+/, "nowhere");
      const settings = { ...site.settings, redis: { ...at, password: "wrong" }, databaseUrl: nowhere };
      const lines: string[] = [];
      const provider = openAgenda(
        { queues: { first: { description: "" } }, jobs: [] },
        settings,
        (line) => void lines.push(line),
      );
      await provider.settled;
      await expect(provider.counts("first")).rejects.toThrow(QueueUnavailable);
      const told = name === "Redis" ? "WRONGPASS " : 'database "nowhere" does not exist';
      expect(lines[0]).toMatch(`[Queue Service] ${name}-Verbindungsfehler: ${told}`);
      expect(lines.slice(1)).toEqual(
        name === "Redis" ? ["[Queue Service] Bitte REDIS_PASSWORD in der .env prüfen"] : [],
      );
      await provider.close();
    });
  });
}

describe.skipIf(redis.missing)(`keys of Agenda in Redis${redis.note}`, () => {
  test("all are under the prefix, and none is left of what is gone", async () => {
    const server = await startRedis();
    const site = new Site(openAgenda, server);
    const provider = await site.open();
    const jobs = [newJob({ queue: "brief" }), newJob({ queue: "brief" }), newJob({ queue: "brief" })];
    await provider.add(jobs);
    site.work(provider, ["brief"]);
    await waitFor("one to be deleted", async () => (await provider.counts("brief")).completed === 2);
    for (const { id } of jobs) await provider.remove("brief", id);
    await site.close();
    const { port, password } = site.settings.redis;
    const client = new Redis({ port, password });
    const keys = await client.scan(0, "COUNT", 10_000).finally(() => client.disconnect());
    expect(keys[1]).toEqual([]);
    await server.remove();
  });
});
