import { type Log, log as toStdout } from "../log";
import type { Settings } from "../settings";
import type { Table } from "../table/types";
import { openAgenda } from "./agenda";
import { openBullmq } from "./bullmq";
import type { Provider } from "./provider";

/** The queues themselves, as QUEUE_PROVIDER says, without tasks or workers: for export and import. */
export function openProvider(table: Table, settings: Settings, log: Log = toStdout): Provider {
  return settings.provider === "agenda" ? openAgenda(table, settings, log) : openBullmq(table, settings, log);
}
