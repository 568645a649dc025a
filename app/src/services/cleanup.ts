import type { Execution } from "queuehost/jobs";
import { tables } from "./database";
import { DAY_MS } from "./fields";
import type { Services } from "./index";

/** Removes what is older than so many days. */
export async function removeOld(
  { uploads }: Services,
  data: "events" | "imports" | "uploads",
  olderThanDays: number,
  once: Execution["once"],
): Promise<{ removed: number }> {
  const ms = olderThanDays * DAY_MS;
  if (data === "uploads") return { removed: (await uploads.removeOlder(ms, () => true)).length };
  return await once(async (transaction) => {
    const db = tables(transaction);
    const before = Date.now() - ms;
    const { numDeletedRows } =
      data === "events"
        ? await db.deleteFrom("app_events").where("occurred_at", "<", before).executeTakeFirstOrThrow()
        : await db.deleteFrom("app_imports").where("created_at", "<", before).executeTakeFirstOrThrow();
    return { removed: Number(numDeletedRows) };
  });
}
