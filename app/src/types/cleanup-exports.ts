import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { DAY_MS, days } from "../services/fields";

export const cleanupExports = defineJob({
  name: "cleanup-exports",
  queue: "file",
  priority: "low",
  description: "Removes old exports and images",
  payload: z.strictObject({ olderThanDays: days(7) }),
  async run({ olderThanDays }) {
    const ours = (name: string) => name.startsWith("export-") || name.startsWith("image-");
    const removed = await services().exports.removeOlder(olderThanDays * DAY_MS, ours);
    return { removed: removed.length };
  },
});
