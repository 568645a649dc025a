/**
 * A process of an application that takes orders and ships them, until it is killed. It kills itself where STEP says so, when it
 * gets there for the third time, which is a moment that no signal from outside could hit.
 */
import { openJobs } from "../../../../app/jobs/client/open";
import { openBullmq } from "../../../../app/jobs/provider/bullmq";
import { readSettings } from "../../../../app/jobs/settings-from-env";
import { openStore } from "../../../../app/jobs/store/open";
import { type ShopTables, shipAny, shipInTurn, shopTable } from "./shop-table";

const STEPS = [
  "after the insert",
  "after the commit",
  "after the claim",
  "after the add",
  "before the delete",
] as const;
export type Step = (typeof STEPS)[number];

const { STEP, ORDERS = "0" } = process.env;
let times = 0;

function at(step: Step): void {
  if (step !== STEP) return;
  times += 1;
  if (times === 3) process.kill(process.pid, "SIGKILL");
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const store = await openStore(settings);
  const provider = openBullmq(shopTable, settings, () => {});
  const jobs = await openJobs(shopTable, settings, {
    log: () => {},
    store: {
      ...store,
      insert: async (...given) => {
        const inserted = await store.insert(...given);
        at("after the insert");
        return inserted;
      },
      transaction: async (work) => {
        const result = await store.transaction(work);
        // A job's effect is a transaction too; an order's says so.
        if (result === "ordered") at("after the commit");
        return result;
      },
      claimOutgoing: async (...given) => {
        const claimed = await store.claimOutgoing(...given);
        if (claimed.length > 0) at("after the claim");
        return claimed;
      },
      sent: async (claimed) => {
        at("before the delete");
        await store.sent(claimed);
      },
    },
    provider: new Proxy(provider, {
      get(target, name) {
        if (name !== "add")
          return Reflect.get(target, name, target)?.bind?.(target) ?? Reflect.get(target, name, target);
        return async (...given: Parameters<typeof target.add>) => {
          await target.add(...given);
          at("after the add");
        };
      },
    }),
  });
  await jobs.settled;
  jobs.work();
  for (let number = 0; number < Number(ORDERS); number += 1) {
    const order = `${process.pid}-${number}`;
    const placed = jobs.store.transaction(async (transaction) => {
      await transaction.withTables<ShopTables>().insertInto("shop_orders").values({ id: order }).execute();
      if (number % 2 === 0) await jobs.enqueueIn(transaction, shipAny, { order }, { id: order });
      else await jobs.enqueueIn(transaction, shipInTurn, { order, customer: `c${number % 3}` }, { id: order });
      if (number % 5 === 4) throw new Error("changed their mind");
      return "ordered";
    });
    await placed.catch(() => {});
  }
  process.stdout.write("all ordered\n");
}

void main();
