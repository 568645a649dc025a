import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../../../app/jobs/store/open";
import type { NewTask, Store } from "../../../../app/jobs/store/store";
import { PostgresServer, postgres } from "./postgres";

/** Where a task database is, as the settings say it. */
export interface Place {
  readonly databaseUrl: string | undefined;
  readonly stateDir: string;
}

/** Empty task databases of one kind, real ones, for one test file. */
export class Databases {
  private server: PostgresServer | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), "queuehost-store-"));
  private readonly open: Store[] = [];
  private count = 0;

  constructor(private readonly kind: Store["kind"]) {}

  async start(): Promise<void> {
    if (this.kind === "postgres") this.server = await PostgresServer.start();
  }

  /** A new one. */
  async place(): Promise<Place> {
    this.count += 1;
    return { databaseUrl: await this.server?.newDatabase(), stateDir: join(this.folder, String(this.count)) };
  }

  /** As a process of its own would; closed by `remove`. */
  async store(place?: Place): Promise<Store> {
    const store = await openStore(place ?? (await this.place()));
    this.open.push(store);
    return store;
  }

  async remove(): Promise<void> {
    await Promise.allSettled(this.open.map((store) => store.close()));
    await this.server?.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** For `describe.each`: `describe.skipIf(missing)("... on $name$note")`. */
export const KINDS = [
  { kind: "sqlite", name: "SQLite", missing: false, note: "" },
  { kind: "postgres", name: "PostgreSQL", ...postgres },
] as const;

export function newTask(id: string, more: Partial<NewTask> = {}): NewTask {
  return {
    id,
    type: "demo",
    queue: "default",
    payload: '{"n":1}',
    digest: "0123456789abcdef",
    priority: 5,
    attempts: 3,
    backoff: 2000,
    orderKey: null,
    runAt: null,
    ...more,
  };
}
