import { defineTable } from "queuehost/jobs";
import { queues } from "./queues";
import { PRIORITIES, reservationQueues } from "./reservations/queues";
import * as types from "./types";

/** The queues and types of jobs of this application: workers, checks, metrics, the document and the board follow from it. */
export const table = defineTable({
  queues: { ...reservationQueues, ...queues },
  jobs: Object.values(types),
  ordered: [PRIORITIES],
});
