import type { Generated } from "kysely";
import { z } from "zod";
import type { Transaction } from "../../../../app/jobs/store/store";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { defineTable } from "../../../../app/jobs/table/define-table";

/** Tables of the application, in the task database. */
export type ShopTables = {
  shop_orders: { id: string };
  /** One row for each time that an order had its effect. */
  shop_shipments: { number: Generated<number>; order_id: string };
};

/** The effect, in the job's own transaction. */
const ship = (order: string) => async (transaction: Transaction) => {
  await transaction.withTables<ShopTables>().insertInto("shop_shipments").values({ order_id: order }).execute();
};

export const shipAny = defineJob({
  name: "ship-any",
  queue: "orders",
  description: "Ships an order",
  payload: z.object({ order: z.string() }),
  run: async ({ order }, { once }) => await once(ship(order)),
});

export const shipInTurn = defineJob({
  name: "ship-in-turn",
  queue: "orders",
  description: "Ships the orders of a customer one after another",
  payload: z.object({ order: z.string(), customer: z.string() }),
  orderBy: ({ customer }) => customer,
  run: async ({ order }, { once }) => await once(ship(order)),
});

export const shopTable = defineTable({
  queues: { orders: { description: "Orders to be shipped" } },
  jobs: [shipAny, shipInTurn],
});
