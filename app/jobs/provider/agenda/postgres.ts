import { createHash } from "node:crypto";
import type { PostgresNotificationChannel } from "@agendajs/postgres-backend" with { "resolution-mode": "import" };
import type { JobId } from "agenda" with { "resolution-mode": "import" };
import type { Pool } from "pg";
import { COLUMNS, CONDITIONS, ORDER, PAGES, type Row, toColumn, toEntry } from "./postgres-rows";
import type { Condition, Entry, Patch, Shelf, Status, Taken } from "./shelf";

const TABLE = "queuehost_agenda_jobs";
const CHANNEL = "queuehost_agenda";

/** Agenda's PostgreSQL backend: its table, its indexes, its notifications. */
export class PostgresShelf implements Shelf {
  readonly label = "PostgreSQL";
  private opened: Pool | undefined;
  private channel: PostgresNotificationChannel | undefined;
  private heard: ((name: string) => void) | undefined;

  constructor(private readonly url: string) {}

  async connect(): Promise<void> {
    const { PostgresBackend, PostgresNotificationChannel } = await import("@agendajs/postgres-backend");
    this.opened ??= await openPool(this.url);
    await this.alone(async () => {
      const names = { tableName: TABLE, logTableName: "queuehost_agenda_logs" };
      await new PostgresBackend({ pool: this.pool, ...names, disableNotifications: true }).connect();
      await this.pool.query(
        `create index if not exists ${TABLE}_order on ${TABLE} (name, priority desc, ${ORDER}) where next_run_at is not null`,
      );
    });
    await this.channel?.disconnect();
    this.channel = new PostgresNotificationChannel({
      pool: this.pool,
      channelName: CHANNEL,
      reconnect: { enabled: false },
    });
    this.channel.on("error", () => {});
    this.channel.subscribe(({ jobName }) => this.heard?.(jobName));
    await this.channel.connect();
  }

  async ping(): Promise<void> {
    await this.pool.query("select 1");
  }

  async close(): Promise<void> {
    await this.channel?.disconnect();
    await this.opened?.end();
  }

  async add(entries: readonly Entry[]): Promise<void> {
    await this.pool.query(
      `insert into ${TABLE} (id, name, priority, next_run_at, repeat_interval, repeat_timezone, fail_count, progress, data)
       select id, name, priority, to_timestamp(next_run_at / 1000.0), repeat_interval, repeat_timezone, 0, 0, data::jsonb
       from unnest($1::uuid[], $2::text[], $3::int[], $4::float8[], $5::text[], $6::text[], $7::text[])
         as new (id, name, priority, next_run_at, repeat_interval, repeat_timezone, data)
       on conflict (id) do nothing`,
      [
        entries.map((entry) => idOf(entry.name, entry.data.id)),
        entries.map(({ name }) => name),
        entries.map(({ priority }) => priority),
        entries.map(({ nextRunAt }) => nextRunAt),
        entries.map(({ repeatInterval }) => repeatInterval),
        entries.map(({ repeatTimezone }) => repeatTimezone),
        entries.map(({ data }) => JSON.stringify(data)),
      ],
    );
  }

  async get(name: string, id: string): Promise<Entry | undefined> {
    const { rows } = await this.pool.query<Row>(`select * from ${TABLE} where id = $1`, [idOf(name, id)]);
    return rows[0] && toEntry(rows[0]);
  }

  async take(name: string, now: number, deadline: number, holder: string): Promise<Taken | undefined> {
    const { rows } = await this.pool.query<Row>(
      `with next as (
         select id, locked_at is not null as was_locked from ${TABLE}
         where name = $1 and disabled = false and next_run_at is not null
           and (locked_at is null and next_run_at <= $2 or locked_at <= $3)
         order by priority desc, ${ORDER} limit 1 for update skip locked)
       update ${TABLE} as job set locked_at = $2, last_run_at = $2, last_modified_by = $4
       from next where job.id = next.id returning job.*, next.was_locked`,
      [name, new Date(now), new Date(deadline), holder],
    );
    return rows[0] && { entry: toEntry(rows[0]), expired: rows[0].was_locked === true };
  }

  async change(name: string, id: string, condition: Condition, patch: Patch): Promise<boolean> {
    const keys = Object.keys(patch) as (keyof Patch)[];
    const assignments = keys.map((key, index) => `${COLUMNS[key]} = $${index + 3}`);
    const [kind, holder] = typeof condition === "string" ? [condition, null] : (["held", condition.heldBy] as const);
    const { rowCount } = await this.pool.query(
      `update ${TABLE} set ${assignments.join(", ")} where id = $1 and ${CONDITIONS[kind]}`,
      [idOf(name, id), holder, ...keys.map((key) => toColumn(key, patch[key]))],
    );
    return rowCount === 1;
  }

  async delete(name: string, id: string): Promise<"removed" | "active" | "unknown"> {
    const key = idOf(name, id);
    const { rowCount } = await this.pool.query(`delete from ${TABLE} where id = $1 and locked_at is null`, [key]);
    if (rowCount === 1) return "removed";
    return (await this.get(name, id)) ? "active" : "unknown";
  }

  async page(name: string, status: Status, now: number, limit: number, offset: number): Promise<readonly Entry[]> {
    const [where, order] = PAGES[status];
    const { rows } = await this.pool.query<Row>(
      `select *, $2::timestamptz from ${TABLE} where name = $1 and ${where} order by ${order}, id limit $3 offset $4`,
      [name, new Date(now), limit, offset],
    );
    return rows.map(toEntry);
  }

  async counts(name: string, now: number) {
    const { rows } = await this.pool.query<Record<Status, number>>(
      `select ${Object.entries(PAGES)
        .map(([status, [where]]) => `count(*) filter (where ${where})::int as ${status}`)
        .join(", ")} from ${TABLE} where name = $1`,
      [name, new Date(now)],
    );
    return rows[0] ?? { scheduled: 0, waiting: 0, active: 0, completed: 0, failed: 0 };
  }

  async trim(name: string, status: "completed" | "failed", before: number, keep: number): Promise<void> {
    const [where, order] = PAGES[status];
    await this.pool.query(
      `delete from ${TABLE} where name = $1 and ${where} and (last_finished_at <= $2
         or id in (select id from ${TABLE} where name = $1 and ${where} order by ${order} offset $3))`,
      [name, new Date(before), keep],
    );
  }

  async publish(name: string): Promise<void> {
    await this.channel?.publish({
      jobId: "" as JobId,
      jobName: name,
      nextRunAt: null,
      priority: 0,
      timestamp: new Date(),
    });
  }

  subscribe(heard: (name: string) => void): void {
    this.heard = heard;
  }

  private get pool(): Pool {
    if (!this.opened) throw new Error("not connected");
    return this.opened;
  }

  /** Two processes that make the same table at once get in each other's way, `if not exists` or not. */
  private async alone(step: () => Promise<void>): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query("select pg_advisory_lock(hashtext($1))", [TABLE]);
      await step();
      await client.query("select pg_advisory_unlock(hashtext($1))", [TABLE]);
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}

async function openPool(url: string): Promise<Pool> {
  const { Pool } = await import("pg");
  const pool = new Pool({ connectionString: url, connectionTimeoutMillis: 1500, query_timeout: 1800, max: 8 });
  // An idle connection that breaks: the next step tells.
  pool.on("error", () => {});
  return pool;
}

/** The same job has the same id in every process: so the table's primary key keeps it single. */
function idOf(name: string, id: string): string {
  const hex = createHash("sha256").update(`${name}\n${id}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
