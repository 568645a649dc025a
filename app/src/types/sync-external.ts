import { defineJob, Unrecoverable } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { businessId } from "../services/fields";
import { synchronise } from "../services/synchronise";

export const syncExternal = defineJob({
  name: "sync-external",
  queue: "inventory",
  description: "Brings the stock of another system (EXTERNAL_SYSTEMS) into the inventory",
  payload: z.strictObject({
    businessId,
    externalSystem: z.string().min(1).max(64),
    /** full: items that the other system doesn't have are set to 0; incremental: what has changed since the last time. */
    syncType: z.enum(["full", "incremental"]),
  }),
  orderBy: ({ businessId }) => `inventory-${businessId}`,
  async run({ businessId, externalSystem, syncType }, { once, signal }) {
    const address = services().settings.EXTERNAL_SYSTEMS.get(externalSystem);
    if (address === undefined) throw new Unrecoverable(`externalSystem: ${externalSystem} is not in EXTERNAL_SYSTEMS`);
    return await synchronise(services(), { businessId, system: externalSystem, address, syncType }, once, signal);
  },
});
