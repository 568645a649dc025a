/** `queuehost/jobs`: jobs from one declarative table. See README.md beside this file. */
export { type Overrides, openJobs } from "./client/open";
export type * from "./client/types";
export { documentTable } from "./document";
export * from "./errors";
export { type Log, log, reason } from "./log";
export { METRICS_TYPE } from "./metrics";
export { alertRules, THRESHOLDS, type Threshold } from "./metrics/thresholds";
export { readDump, writeDump } from "./provider/dump-file";
export { openProvider } from "./provider/open";
export { type Provider, QueueUnavailable, type Recurring } from "./provider/provider";
export { type Dump, type ExportOptions, exportJobs, importJobs, TransferRefused } from "./provider/transfer";
export * from "./run/execution";
export { maybeRunSandbox } from "./run/sandbox";
export type * from "./settings";
export { readSettings } from "./settings-from-env";
export {
  type DeadLetter,
  FINISHED,
  type Store,
  StoreUnavailable,
  type Task,
  type TaskStatus,
  type Transaction,
} from "./store/store";
export { defineJob } from "./table/define-job";
export { defineTable } from "./table/define-table";
export type * from "./table/types";
export { PRIORITY } from "./table/types";
