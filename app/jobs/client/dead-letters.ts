import type { Context } from "./context";
import { paging } from "./look";
import { assertQueue, refuse } from "./request";
import type { Jobs } from "./types";

type Burying = Pick<Jobs, "deadLetters" | "retryDeadLetters" | "resolveDeadLetter" | "purgeDeadLetters">;

type Which = Parameters<Jobs["retryDeadLetters"]>[0];

const PAGE = 500;
const MAX_NOTE = 2000;

/** What is done with jobs that failed for good. */
export function burying(context: Context, retry: Jobs["retry"]): Burying {
  const { table, store } = context;

  const idsOf = async (which: Which): Promise<readonly string[]> => {
    if ("ids" in which) return which.ids;
    assertQueue(table, which.queue);
    const ids: string[] = [];
    for (;;) {
      const { letters } = await store.deadLetters({ queue: which.queue, limit: PAGE, offset: ids.length });
      ids.push(...letters.map(({ id }) => id));
      if (letters.length < PAGE) return ids;
    }
  };

  return {
    async deadLetters(filter = {}) {
      if (filter.queue !== undefined) assertQueue(table, filter.queue);
      return await store.deadLetters({ ...filter, ...paging(filter) });
    },

    async retryDeadLetters(which) {
      const retried: string[] = [];
      for (const id of await idsOf(which)) {
        const letter = await store.deadLetter(id);
        if (letter && letter.resolvedAt === null && (await retry(id)) === "retried") retried.push(id);
      }
      return retried;
    },

    async resolveDeadLetter(id, note) {
      const text = note.trim();
      if (text === "" || text.length > MAX_NOTE)
        refuse("note", `should be 1 to ${MAX_NOTE} characters, got ${text.length}`);
      return await store.resolve(id, text);
    },

    async purgeDeadLetters(which) {
      let purged = 0;
      for (const id of await idsOf(which)) if (await store.removeDeadLetter(id)) purged++;
      return purged;
    },
  };
}
