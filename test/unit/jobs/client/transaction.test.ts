import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Jobs } from "../../../../app/jobs/client/types";
import { InputInvalid, QueueFull } from "../../../../app/jobs/errors";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Databases, KINDS } from "../support/stores";
import { Clients, done, quick, table, tracked } from "./support";

for (const { kind, name, missing, note } of KINDS)
  describe.skipIf(redis.missing || missing)(`jobs of a transaction on ${name}${note}${redis.note}`, () => {
    let clients: Clients;
    let databases: Databases;
    let jobs: Jobs;
    beforeAll(async () => {
      clients = await Clients.start();
      databases = new Databases(kind);
      await databases.start();
    });
    afterAll(async () => {
      await clients.remove();
      await databases.remove();
    });
    beforeEach(async () => {
      done.length = 0;
      jobs = await clients.client({ ...clients.settings(), ...(await databases.place()) });
      await sql`create table orders (id text primary key)`.execute(jobs.store.db);
    });

    const orders = async () => (await sql<{ id: string }>`select id from orders`.execute(jobs.store.db)).rows.length;

    it("get to the queue right after it is committed", async () => {
      const { id, outcome } = await jobs.store.transaction(async (transaction) => {
        await sql`insert into orders values ('o-1')`.execute(transaction);
        return await jobs.enqueueIn(transaction, tracked, { name: "o-1" });
      });
      expect(outcome).toBe("stored");
      expect((await jobs.health()).queues.mail?.waiting).toBe(1);
      jobs.work();
      await waitFor("it is done", async () => (await jobs.status(id))?.status === "completed");
      expect([await orders(), done]).toEqual([1, ["o-1"]]);
    });

    it("don't exist where it is rolled back", async () => {
      const rolledBack = jobs.store.transaction(async (transaction) => {
        await sql`insert into orders values ('o-2')`.execute(transaction);
        await jobs.enqueueIn(transaction, tracked, { name: "o-2" }, { id: "o-2" });
        throw new Error("no stock");
      });
      await expect(rolledBack).rejects.toThrow("no stock");
      expect(await jobs.status("o-2")).toBeUndefined();
      expect(await orders()).toBe(0);
      expect((await jobs.health()).queues.mail?.waiting).toBe(0);
    });

    it("are refused as others are", async () => {
      const enqueued = (work: (jobs: Jobs) => Parameters<Jobs["store"]["transaction"]>[0]) =>
        jobs.store.transaction(work(jobs));
      await expect(
        enqueued((client) => (transaction) => client.enqueueIn(transaction, quick, { name: "x" })),
      ).rejects.toThrow(InputInvalid);
      await jobs.enqueueBulk(tracked, [{ name: "1" }, { name: "2" }, { name: "3" }], { queue: "other" });
      await expect(
        enqueued(
          (client) => (transaction) => client.enqueueIn(transaction, tracked, { name: "4" }, { queue: "other" }),
        ),
      ).rejects.toThrow(QueueFull);
      expect((await jobs.list({ queue: "other" })).total).toBe(3);
    });

    it("follow from the effect of another job, once", async () => {
      let tries = 0;
      const first = defineJob({
        ...{ name: "first", queue: "mail", description: "Has another follow", attempts: 2, backoff: 1 },
        payload: z.strictObject({}),
        async run(_, { once }) {
          await once(async (transaction) => {
            await sql`insert into orders values ('o-3')`.execute(transaction);
            await client.enqueueIn(transaction, tracked, { name: "second" }, { id: "second" });
          });
          tries += 1;
          if (tries === 1) throw new Error("after the effect");
        },
      });
      const client = await clients.client(
        { ...clients.settings(), ...(await databases.place()) },
        { ...table, jobs: [...table.jobs, first] },
      );
      await sql`create table orders (id text primary key)`.execute(client.store.db);
      const { id } = await client.enqueue(first, {});
      client.work();
      await waitFor("the first is done", async () => (await client.status(id))?.status === "completed");
      await waitFor("the second is done", async () => (await client.status("second"))?.status === "completed");
      expect([tries, done]).toEqual([2, ["second"]]);
    });
  });
