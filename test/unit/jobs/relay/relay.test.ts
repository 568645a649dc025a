import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Relay, startRelay } from "../../../../app/jobs/client/relay";
import { openBullmq } from "../../../../app/jobs/provider/bullmq";
import type { Provider } from "../../../../app/jobs/provider/provider";
import { readSettings } from "../../../../app/jobs/settings-from-env";
import type { Store } from "../../../../app/jobs/store/store";
import { waitFor } from "../../../support/wait-for";
import { RedisServer, redis } from "../../app/support/redis-server";
import { Databases, KINDS, newTask, type Place } from "../support/stores";
import { shopTable } from "./shop-table";

const NOTHING = { sent: [], unavailable: [], held: [] };
const order = (id: string, more: Parameters<typeof newTask>[1] = {}) =>
  newTask(id, { type: "ship-any", queue: "orders", ...more });

for (const { kind, name, missing, note } of KINDS) {
  describe.skipIf(missing || redis.missing)(`the relay on ${name}${note}${redis.note}`, () => {
    const databases = new Databases(kind);
    let server: RedisServer;
    let place: Place;
    let store: Store;
    let provider: Provider;
    let prefixes = 0;
    let lines: string[];
    let relays: Relay[];

    beforeAll(async () => {
      await databases.start();
      server = await RedisServer.start();
    }, 60_000);
    afterAll(async () => {
      await databases.remove();
      await server.remove();
    });
    beforeEach(async () => {
      place = await databases.place();
      store = await databases.store(place);
      prefixes += 1;
      const settings = readSettings({ REDIS_PORT: String(server.port), QUEUE_PREFIX: `relay-${kind}-${prefixes}` });
      provider = openBullmq(shopTable, settings, () => {});
      await provider.settled;
      lines = [];
      relays = [];
    });
    afterEach(async () => {
      for (const relay of relays) await relay.stop();
      await provider.close();
    });

    const start = (of = store, to = provider) => {
      const relay = startRelay({ store: of, provider: to, log: (line) => lines.push(line) });
      relays.push(relay);
      return relay;
    };
    /** As `enqueueIn` does. */
    const add = (...tasks: ReturnType<typeof newTask>[]) =>
      store.transaction(async (transaction) => void (await store.insertMany(tasks, transaction)));
    const statusOf = async (id: string) => (await provider.find("orders", id))?.status;
    const emptied = () => waitFor("an empty outbox", async () => (await store.outgoing()) === 0, 20);

    test("brings what was just added, with all that belongs to the job", async () => {
      const relay = start();
      const runAt = Date.now() + 60_000;
      await store.insertMany([order("a"), order("b", { runAt, attempts: 7, backoff: 123, payload: '{"order":"b"}' })]);
      expect(await relay.flush(["a", "b"])).toEqual({ ...NOTHING, sent: ["a", "b"] });
      expect(await statusOf("a")).toBe("waiting");
      expect(await provider.find("orders", "b")).toMatchObject({
        status: "scheduled",
        type: "ship-any",
        payload: '{"order":"b"}',
        attempts: 7,
        backoff: 123,
        runAt,
      });
      await emptied();
    });

    test("flushes many that are asked for at once in one call", async () => {
      let calls = 0;
      const counting = new Proxy(provider, {
        get: (target, key) => {
          if (key === "add") calls += 1;
          return Reflect.get(target, key, target).bind(target);
        },
      });
      const relay = start(store, counting);
      const ids = Array.from({ length: 100 }, (_, index) => `t${index}`);
      await store.insertMany(ids.map((id) => order(id)));
      const flushed = await Promise.all(ids.map((id) => relay.flush([id])));
      expect(flushed.map(({ sent }) => sent[0])).toEqual(ids);
      expect(calls).toBe(1);
    });

    test("brings by itself what others left, and what they add later", async () => {
      await add(order("left"));
      start();
      await waitFor("the task that was left", async () => (await statusOf("left")) === "waiting");
      const other = await databases.store(place);
      await other.transaction(async (transaction) => void (await other.insert(order("later"), transaction)));
      await waitFor("the later task", async () => (await statusOf("later")) === "waiting");
      await emptied();
    });

    test("lets the tasks of a key go one after another, as soon as the one before has ended", async () => {
      const relay = start();
      const turn = ["k1", "k2", "k3"];
      await add(...turn.map((id) => order(id, { type: "ship-in-turn", orderKey: "k" })));
      const flushed = await relay.flush(turn);
      // The loop may have been there first.
      expect([...flushed.sent, ...flushed.held].sort()).toEqual(turn);
      for (const [index, id] of turn.entries()) {
        await waitFor(`${id} in the queue`, async () => (await statusOf(id)) === "waiting");
        expect(await Promise.all(turn.slice(index + 1).map(statusOf))).toEqual(
          turn.slice(index + 1).map(() => undefined),
        );
        await store.start(id, 1);
        await store.complete(id, null);
      }
      await emptied();
    });

    test("a task that is opened again gets to the queue although a job of its id is there", async () => {
      const relay = start();
      await store.insert(order("a"));
      await relay.flush(["a"]);
      const failed = Promise.withResolvers<void>();
      let runs = 0;
      const worker = provider.work(
        ["orders"],
        async () => {
          runs += 1;
          if (runs > 1) return { kind: "completed", result: null };
          setImmediate(failed.resolve);
          return { kind: "failed", error: "broken", final: true };
        },
        { concurrency: 1 },
        {},
      );
      await failed.promise;
      await waitFor("a failed job", async () => (await statusOf("a")) === "failed");
      await store.fail("a", "broken");
      await store.reopen("a");
      expect(await relay.flush(["a"])).toEqual({ ...NOTHING, sent: ["a"] });
      await waitFor("its second run", () => runs === 2);
      await worker.stop(1000);
    });

    test("one whose earlier run the queue hasn't noted the end of is tried again", async () => {
      let removals = 0;
      const late = new Proxy(provider, {
        get: (target, key) => {
          if (key !== "remove") return Reflect.get(target, key, target).bind(target);
          removals += 1;
          return async () => (removals === 1 ? "active" : "unknown");
        },
      });
      const relay = start(store, late);
      await store.insertMany([order("a", { ownId: true }), order("b")]);
      expect(await relay.flush(["a", "b"])).toEqual({ ...NOTHING, sent: ["b"], held: ["a"] });
      expect(await statusOf("a")).toBeUndefined();
      await emptied();
      expect(await statusOf("a")).toBe("waiting");
    });

    test("while the queue is away it says so, and brings everything once when it is back", async () => {
      const relay = start();
      await server.kill();
      await store.insertMany([order("a"), order("b")]);
      await add(order("c"));
      expect(await relay.flush(["a", "b"])).toEqual({ ...NOTHING, unavailable: ["a", "b"] });
      // Such as a fallback does.
      expect(await store.startHere("b")).toBe(true);
      await store.complete("b", null);
      await server.start();
      await emptied();
      expect(await Promise.all(["a", "b", "c"].map(statusOf))).toEqual(["waiting", undefined, "waiting"]);
      await waitFor("a line about it", () => lines.length > 0);
      expect(lines).toEqual(["[Queue Service] Gespeicherte Jobs zur Queue gebracht: 2"]);
    });

    test("a job that the queue refuses holds nobody up, and is told once", async () => {
      const relay = start();
      await store.insertMany([order("a"), order("lost", { queue: "of-another-release" }), order("b")]);
      expect(await relay.flush(["a", "lost", "b"])).toEqual({ sent: ["a", "b"], unavailable: [], held: ["lost"] });
      await relay.flush(["lost"]);
      expect(lines).toEqual([
        expect.stringContaining("[Queue Service] Job lost (ship-any) kommt nicht in die Queue: "),
      ]);
      await waitFor("only that one in the outbox", async () => (await store.outgoing()) === 1);
    });

    test("while the task database is away nothing is flushed, and nothing breaks", async () => {
      const away = await databases.store(place);
      await away.insert(order("a"));
      await away.close();
      const relay = start(away);
      await add(order("b"));
      expect(await relay.flush(["b"])).toEqual({ ...NOTHING, held: ["b"] });
    });
  });
}
