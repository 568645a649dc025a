import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { ownFolder } from "./own-folder";

/** An order of a server, or of another type for one. It stays in the list until it was carried out. */
const Order = z.object({ type: z.string(), location: z.string(), at: z.number() });
export type Order = z.infer<typeof Order>;

const FOLDER = ".queuehost";
/** One for each stack: two of them may be changed at the same time, and nothing is lost. */
const fileOf = (stack: string) => `${FOLDER}/orders-${stack}.json`;
/** How long an order that came to nothing counts as refused: by then the list of types knows. */
const REFUSED_MS = 15 * 60 * 1000;

/** The orders of a stack that came to nothing. They are kept in the project's folder. */
export function failedOrders(stack: string): Order[] {
  try {
    return z.array(Order).parse(JSON.parse(readFileSync(fileOf(stack), "utf8")));
  } catch {
    return []; // no file, or one that was damaged: nothing is remembered
  }
}

/** Whether Hetzner has refused this lately, whatever its list says of it. */
export function isRefused(orders: readonly Order[], type: string, location: string): boolean {
  return orders.some(
    (order) => order.type === type && order.location === location && order.at > Date.now() - REFUSED_MS,
  );
}

/** To be called right before the order: should it fail, the next `up` tries something else. */
export function rememberOrder(stack: string, type: string, location: string): void {
  ownFolder(".");
  writeFileSync(fileOf(stack), `${JSON.stringify([...failedOrders(stack), { type, location, at: Date.now() }])}\n`);
}

/** To be called when an order of the stack was carried out. */
export function forgetOrders(stack: string): void {
  rmSync(fileOf(stack), { force: true });
}
