import type { RedisBackend, RedisNotificationChannel } from "@agendajs/redis-backend" with {
  "resolution-mode": "import",
};
import type { JobId } from "agenda" with { "resolution-mode": "import" };
import type { Settings } from "../../settings";
import { ADD, CHANGE, COUNTS, DELETE, PAGE, TAKE, TRIM } from "./redis-scripts";
import type { Condition, Entry, Patch, Shelf, Status, Taken } from "./shelf";

type Hash = Readonly<Record<string, string>>;
type Backend = { readonly backend: RedisBackend; readonly client: Client };
/** The connection of Agenda's backend, which brings a version of ioredis of its own. */
interface Client {
  eval(script: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
  hgetall(key: string): Promise<Hash>;
  ping(): Promise<unknown>;
  readonly status: string;
  connect(): Promise<void>;
  disconnect(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Agenda's Redis backend: its hashes and sets under QUEUE_PREFIX, its notifications. */
export class RedisShelf implements Shelf {
  readonly label = "Redis";
  private opened: Backend | undefined;
  private channel: RedisNotificationChannel | undefined;
  private heard: ((name: string) => void) | undefined;
  private readonly base: string;

  constructor(private readonly settings: Pick<Settings, "redis" | "prefix">) {
    this.base = `${settings.prefix}:agenda:`;
  }

  async connect(): Promise<void> {
    const { RedisBackend, RedisNotificationChannel } = await import("@agendajs/redis-backend");
    this.disconnect();
    const { host, port, password, db } = this.settings.redis;
    const redisOptions = {
      ...{ host, port, db, family: 4, lazyConnect: true, ...(password === "" ? {} : { password }) },
      // The link tries again; a connection that does so too would only say it twice.
      ...{ retryStrategy: () => null, maxRetriesPerRequest: 0, enableOfflineQueue: false },
      ...{ autoResendUnfulfilledCommands: false, connectTimeout: 1500 },
    };
    const backend = new RedisBackend({ redisOptions, keyPrefix: this.base });
    const { repository } = backend;
    if (!("getRedis" in repository)) throw new TypeError("Agenda's Redis backend has changed");
    const client = (repository as unknown as { getRedis(): Client }).getRedis();
    this.opened = { backend, client };
    let told: Error | undefined;
    client.on("error", (error) => {
      told ??= error;
    });
    await client.connect().catch((error) => {
      // What is wrong, such as a password, comes as an event; the rejection says that the connection is closed.
      throw told ?? error;
    });
    await backend.connect();
    const listening = { redisOptions: { ...redisOptions, lazyConnect: false, enableOfflineQueue: true } };
    this.channel = new RedisNotificationChannel({
      ...listening,
      channelName: `${this.base}notifications`,
      reconnect: { enabled: false },
    });
    this.channel.on("error", () => {});
    this.channel.subscribe(({ jobName }) => this.heard?.(jobName));
    await this.channel.connect();
  }

  async ping(): Promise<void> {
    await this.client.ping();
  }

  async close(): Promise<void> {
    this.disconnect();
  }

  async add(entries: readonly Entry[]): Promise<void> {
    for (const [name, all] of Map.groupBy(entries, (entry) => entry.name)) {
      const args = all.flatMap((entry) => {
        const id = idOf(name, entry.data.id);
        const fields = toHash(entry, id);
        return [id, fields.length, ...fields];
      });
      await this.run(ADD, name, Date.now(), ...args);
    }
  }

  async get(name: string, id: string): Promise<Entry | undefined> {
    const hash = await this.client.hgetall(`${this.base}job:${idOf(name, id)}`);
    return hash.id === undefined ? undefined : toEntry(hash);
  }

  async take(name: string, now: number, deadline: number, holder: string): Promise<Taken | undefined> {
    const found = (await this.run(TAKE, name, now, deadline, holder, iso(now))) as [string[], number] | null;
    return found ? { entry: toEntry(hashOf(found[0])), expired: found[1] === 1 } : undefined;
  }

  async change(name: string, id: string, condition: Condition, patch: Patch): Promise<boolean> {
    const [kind, holder] = typeof condition === "string" ? [condition, ""] : ["held", condition.heldBy];
    const fields = toFields({ ...patch });
    return (await this.run(CHANGE, name, Date.now(), idOf(name, id), kind, holder, ...fields)) === 1;
  }

  async delete(name: string, id: string): Promise<"removed" | "active" | "unknown"> {
    const said = await this.run(DELETE, name, Date.now(), idOf(name, id));
    return said === "removed" || said === "active" ? said : "unknown";
  }

  async page(name: string, status: Status, now: number, limit: number, offset: number): Promise<readonly Entry[]> {
    const found = (await this.run(PAGE, name, now, status, offset, offset + limit - 1)) as string[][];
    return found.filter((flat) => flat.length > 0).map((flat) => toEntry(hashOf(flat)));
  }

  async counts(name: string, now: number) {
    const [scheduled = 0, waiting = 0, active = 0, completed = 0, failed = 0] = (await this.run(
      COUNTS,
      name,
      now,
    )) as number[];
    return { scheduled, waiting, active, completed, failed };
  }

  async trim(name: string, status: "completed" | "failed", before: number, keep: number): Promise<void> {
    await this.run(TRIM, name, Date.now(), status, before, keep);
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

  private get client(): Client {
    if (!this.opened) throw new Error("not connected");
    return this.opened.client;
  }

  private run(script: string, ...args: (string | number)[]): Promise<unknown> {
    return this.client.eval(script, 1, this.base, ...args);
  }

  private disconnect(): void {
    void this.channel?.disconnect();
    this.opened?.client.disconnect();
    this.channel = undefined;
    this.opened = undefined;
  }
}

const idOf = (name: string, id: string): string => `${name}:${id}`;
const iso = (time: number): string => new Date(time).toISOString();

/** Agenda's fields, and those that the scripts go by. */
function toHash(entry: Entry, id: string): string[] {
  const { name, data, priority, repeatInterval, repeatTimezone, ...state } = entry;
  const now = iso(Date.now());
  const fixed = { id, name, type: "normal", disabled: "false", fork: "false", createdAt: now, updatedAt: now };
  const repeat = { repeatInterval: repeatInterval ?? "null", repeatTimezone: repeatTimezone ?? "null" };
  return [...Object.entries({ ...fixed, ...repeat }).flat(), ...toFields({ ...state, priority, data })];
}

function toFields(patch: Patch): string[] {
  const fields: Record<string, string> = {};
  for (const [key, value] of Object.entries(patch) as [keyof Patch, Patch[keyof Patch]][]) {
    if (typeof value === "object" && value !== null) {
      fields.data = JSON.stringify(value);
      // With leading zeros the order of texts is that of numbers.
      fields.order = String(value.order).padStart(17, "0");
    } else if (key === "lockedAt") fields.lockedAtMs = String(value);
    else if (/At$/.test(key)) fields[key] = typeof value === "number" ? iso(value) : "null";
    else fields[key] = String(value);
    if (key === "nextRunAt") fields.nextRunAtMs = String(value);
    if (key === "lastFinishedAt") fields.finishedAtMs = String(value);
  }
  return Object.entries(fields).flat();
}

function hashOf(flat: readonly string[]): Hash {
  const pairs = flat.flatMap((key, at) => (at % 2 === 0 ? [[key, flat[at + 1] ?? ""] as const] : []));
  return Object.fromEntries(pairs);
}

function toEntry(hash: Hash): Entry {
  const text = (key: string) => (hash[key] === undefined || hash[key] === "null" ? null : hash[key]);
  const time = (key: string) => (text(key) === null ? null : Date.parse(hash[key] ?? ""));
  const number = (key: string) => (text(key) === null ? null : Number(hash[key]));
  return {
    name: hash.name ?? "",
    priority: number("priority") ?? 0,
    nextRunAt: time("nextRunAt"),
    lockedAt: number("lockedAtMs"),
    lastRunAt: time("lastRunAt"),
    lastFinishedAt: time("lastFinishedAt"),
    failedAt: time("failedAt"),
    failCount: number("failCount") ?? 0,
    failReason: text("failReason"),
    progress: number("progress") ?? 0,
    repeatInterval: text("repeatInterval"),
    repeatTimezone: text("repeatTimezone"),
    data: JSON.parse(hash.data ?? "{}"),
  };
}
