/** `queuehost/jobs`: jobs from one declarative table. See README.md beside this file. */
export type * from "./client/types";
export * from "./errors";
export * from "./run/execution";
export type * from "./settings";
export { readSettings } from "./settings-from-env";
export { FINISHED, type Task, type TaskStatus, type Transaction } from "./store/store";
export { defineJob } from "./table/define-job";
export { defineTable } from "./table/define-table";
export { ID, ID_EXPECTED, NAME } from "./table/names";
export type * from "./table/types";
export { PRIORITY } from "./table/types";
