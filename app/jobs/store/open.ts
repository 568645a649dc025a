import { join } from "node:path";
import type { Settings } from "../settings";
import { comparing } from "./comparing";
import { deadLetters } from "./dead-letters";
import { effects } from "./effects";
import { ends } from "./ends";
import { Leases } from "./leases";
import { life } from "./life";
import { outbox } from "./outbox";
import { openPostgres } from "./postgres";
import { prune } from "./prune";
import { openSqlite } from "./sqlite";
import type { Store } from "./store";
import { tasks } from "./tasks";

/**
 * Opens the task database, PostgreSQL where DATABASE_URL says so, else `<STATE_DIR>/jobs.sqlite`, and brings its tables to this
 * release.
 *
 * @throws SettingsInvalid where it can't be used, StoreUnavailable while PostgreSQL is away
 */
export async function openStore({ databaseUrl, stateDir }: Pick<Settings, "databaseUrl" | "stateDir">): Promise<Store> {
  const session = databaseUrl ? await openPostgres(databaseUrl) : await openSqlite(join(stateDir, "jobs.sqlite"));
  const leases = new Leases(session);
  return {
    kind: session.kind,
    db: session.db,
    transaction: (work) => session.transaction(work),
    ...tasks(session, leases),
    ...outbox(session, leases),
    ...comparing(session),
    ...life(session, leases),
    ...ends(session, leases),
    ...effects(session),
    ...deadLetters(session),
    prune: (now) => prune(session, now),
    close: async () => {
      leases.stop();
      await session.close();
    },
  };
}
