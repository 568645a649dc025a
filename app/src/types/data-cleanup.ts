import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { removeOld } from "../services/cleanup";
import { days } from "../services/fields";

export const dataCleanup = defineJob({
  name: "data_cleanup",
  queue: "maintenance",
  description: "Removes old events, uploads, or notes of imports",
  payload: z.strictObject({ data: z.enum(["events", "imports", "uploads"]), olderThanDays: days(90) }),
  run: ({ data, olderThanDays }, { once }) => removeOld(services(), data, olderThanDays, once),
});
