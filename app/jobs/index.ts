/** `queuehost/jobs`: jobs from one declarative table. See README.md beside this file. */
export type * from "./client/types";
export * from "./errors";
export * from "./run/execution";
export type * from "./settings";
export { FINISHED, type Task, type TaskStatus, type Transaction } from "./store/store";
export type * from "./table/types";
