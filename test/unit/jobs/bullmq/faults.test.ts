import { Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { type BullmqProvider, openBullmq } from "../../../../app/jobs/provider/bullmq";
import { type NewJob, QueueUnavailable } from "../../../../app/jobs/provider/provider";
import { readSettings } from "../../../../app/jobs/settings-from-env";
import { waitFor } from "../../../support/wait-for";
import { RedisServer, redis } from "../../app/support/redis-server";

const table = { queues: { work: { description: "" } }, jobs: [] };
let made = 0;
const job = (): NewJob => {
  made += 1;
  const id = `job-${made}`;
  return { id, queue: "work", type: "probe", payload: "{}", priority: 5, attempts: 3, backoff: 50, runAt: null };
};

/** What a Redis does to those who ask: nothing hangs, everything is told, and it works again by itself. */
describe.skipIf(redis.missing)(`BullMQ on a Redis in trouble${redis.note}`, () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const server = async (options?: Parameters<typeof RedisServer.start>[0]) => {
    const started = await RedisServer.start(options);
    closing.push(() => started.remove());
    return started;
  };
  const open = async (port: number, password = "", prefix = "queuehost") => {
    const lines: string[] = [];
    const env = { REDIS_PORT: String(port), REDIS_PASSWORD: password, QUEUE_PREFIX: prefix };
    const provider = openBullmq(table, readSettings(env), (line) => lines.push(line));
    closing.push(() => provider.close());
    await provider.settled;
    return { provider, lines };
  };
  const added = (provider: BullmqProvider) => waitFor("an add", () => provider.add([job()]).then(() => true));

  it("refuses everything while the password is wrong, says what to look at, and once", async () => {
    const { port } = await server({ password: "sesam" });
    for (const [password, error] of [
      ["", "NOAUTH"],
      ["wrong", "WRONGPASS"],
    ] as const) {
      const { provider, lines } = await open(port, password);
      await expect(provider.add([job()])).rejects.toThrow(QueueUnavailable);
      expect(await provider.answers()).toBe(false);
      await waitFor("the advice", () => lines.includes("[Queue Service] Bitte REDIS_PASSWORD in der .env prüfen"));
      expect(lines[0]).toMatch(new RegExp(`^\\[Queue Service\\] Redis-Verbindungsfehler: ${error}`));
      expect(lines).toHaveLength(2);
      expect(lines.join()).not.toContain("wrong");
    }
  });

  it("refuses while its memory is full, and takes jobs again when there is room", async () => {
    const full = await server();
    const { provider, lines } = await open(full.port);
    await full.command("config", "set", "maxmemory", "1");
    await expect(provider.add([job()])).rejects.toThrow(/OOM/);
    await expect(provider.add([job()])).rejects.toThrow(QueueUnavailable);
    expect(lines.at(-1)).toMatch(/^\[Queue Service\] Redis-Fehler: .*OOM/);
    // It can be reached: there is nothing wrong with the connection.
    expect(await provider.answers()).toBe(true);
    await full.command("config", "set", "maxmemory", "0");
    await provider.add([job()]);
    expect((await provider.counts("work")).waiting).toBe(1);
  });

  it("refuses while it is read-only, and takes jobs again when it isn't", async () => {
    const [main, replica] = [await server(), await server()];
    const { provider, lines } = await open(replica.port);
    await replica.command("replicaof", "127.0.0.1", String(main.port));
    await expect(provider.add([job()])).rejects.toThrow(QueueUnavailable);
    expect(lines.at(-1)).toMatch(/^\[Queue Service\] Redis-Fehler: .*READONLY/);
    await replica.command("replicaof", "no", "one");
    await added(provider);
  });

  it("comes back from each of many short absences", async () => {
    const flapping = await server();
    const { provider, lines } = await open(flapping.port);
    for (let round = 0; round < 4; round++) {
      await flapping.kill();
      await waitFor("a refusal", () =>
        provider.add([job()]).then(
          () => false,
          (error) => error instanceof QueueUnavailable,
        ),
      );
      await flapping.start();
      await added(provider);
    }
    const made = lines.filter((line) => line === "[Queue Service] ✅ Redis-Verbindung hergestellt").length;
    const lost = lines.filter((line) => line.startsWith("[Queue Service] Redis-Verbindungsfehler: ")).length;
    expect(made).toBe(lost + 1);
    // The client holds all its queues over one connection, through all of that.
    const other = new Redis({ port: flapping.port });
    closing.push(async () => other.disconnect());
    expect(
      String(await other.client("LIST"))
        .trim()
        .split("\n"),
    ).toHaveLength(2);
  });

  it("tells one line for all connections of a process", async () => {
    const running = await server();
    const { provider, lines } = await open(running.port);
    let ready = false;
    const run = async () => ({ kind: "completed", result: null }) as const;
    const worker = provider.work(
      ["work"],
      run,
      { concurrency: 1 },
      {
        ready: () => {
          ready = true;
        },
      },
    );
    closing.push(() => worker.stop(0));
    await waitFor("a worker", () => ready);
    await running.kill();
    await waitFor("the loss", () => lines.some((line) => line.includes("ECONNREFUSED")));
    await running.start();
    await added(provider);
    await waitFor("the job's end", async () => (await provider.counts("work")).completed > 0, 15);
    expect(lines.filter((line) => line.includes("hergestellt"))).toHaveLength(2);
    expect(lines.filter((line) => line.includes("ECONNREFUSED"))).toHaveLength(1);
  });

  it("says of a Redis that was never there that no worker begins, once", async () => {
    const away = await RedisServer.prepare();
    closing.push(() => away.remove());
    const { provider } = await open(away.port);
    const told: string[] = [];
    const events = { away: () => void told.push("away"), ready: () => void told.push("ready") };
    const run = async () => ({ kind: "completed", result: null }) as const;
    const worker = provider.work(["work"], run, { concurrency: 1 }, events);
    closing.push(() => worker.stop(0));
    await waitFor("the word", () => told.length > 0);
    expect(await provider.queues()).toEqual(new Map());
    await away.start();
    await waitFor("a worker", () => told.includes("ready"), 15);
    await added(provider);
    await waitFor("the job's end", async () => (await provider.counts("work")).completed > 0, 15);
    expect(told).toEqual(["away", "ready"]);
  });
});
