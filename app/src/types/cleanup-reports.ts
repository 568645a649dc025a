import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { DAY_MS, days } from "../services/fields";

export const cleanupReports = defineJob({
  name: "cleanup-reports",
  queue: "report",
  priority: "low",
  description: "Removes old files of reports",
  payload: z.strictObject({ olderThanDays: days(30) }),
  async run({ olderThanDays }) {
    const removed = await services().exports.removeOlder(olderThanDays * DAY_MS, (name) => name.startsWith("report-"));
    return { removed: removed.length };
  },
});
