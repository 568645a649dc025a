import type { Log } from "../log";
import type { Provider } from "../provider/provider";
import type { Executor } from "../run/executor";
import type { Settings } from "../settings";
import type { Store } from "../store/store";
import type { Table } from "../table/types";
import type { Pressure } from "./pressure";
import type { Relay } from "./relay";

/** What the parts of a client share. */
export interface Context {
  readonly table: Table;
  readonly settings: Settings;
  readonly store: Store;
  readonly executor: Executor;
  readonly pressure: Pressure;
  readonly log: Log;
  /** Undefined, both of them: QUEUE_ENABLED=false. */
  readonly provider: Provider | undefined;
  readonly relay: Relay | undefined;
}
