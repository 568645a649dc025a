import { createHash } from "node:crypto";
import type { Db, MongoClient, ObjectId } from "@agendajs/mongo-backend" with { "resolution-mode": "import" };
import type { Condition, Data, Entry, Patch, Shelf, Status, Taken } from "./shelf";

/** As Agenda's MongoDB backend has them. */
interface Doc extends Dates {
  _id: ObjectId;
  name: string;
  type: "normal";
  priority: number;
  disabled: boolean;
  failCount: number | null;
  failReason: string | null;
  progress: number | null;
  repeatInterval: string | null;
  repeatTimezone: string | null;
  lastModifiedBy: string | null;
  data: Data;
}
type Dates = Record<(typeof DATES)[number], Date | null>;

const DATES = ["nextRunAt", "lockedAt", "lastRunAt", "lastFinishedAt", "failedAt"] as const;
const LATEST = { lastFinishedAt: -1, _id: 1 } as const;
/** MongoDB's word for: there is something under this id already. */
const DUPLICATE = 11_000;

/** Agenda's MongoDB backend: its collection and its index. It has no notifications: workers look at intervals. */
export class MongoShelf implements Shelf {
  readonly label = "MongoDB";
  private client: MongoClient | undefined;
  private db: Db | undefined;
  private makeId: ((hex: string) => ObjectId) | undefined;

  constructor(
    private readonly url: string,
    private readonly collection: string,
  ) {}

  async connect(): Promise<void> {
    const { MongoBackend, MongoClient, ObjectId } = await import("@agendajs/mongo-backend");
    this.makeId = (hex) => new ObjectId(hex);
    if (!this.client) {
      const limits = { serverSelectionTimeoutMS: 1500, connectTimeoutMS: 1500, socketTimeoutMS: 1800 };
      this.client = new MongoClient(this.url, { ...limits, family: 4 });
      this.db = this.client.db();
    }
    await this.client.connect();
    const names = { collection: this.collection, logCollection: `${this.collection}_logs` };
    await new MongoBackend({ mongo: this.open, ...names }).connect();
    await this.jobs.createIndex(
      { name: 1, priority: -1, "data.order": 1 },
      { name: "queuehost_order", partialFilterExpression: { nextRunAt: { $type: "date" } } },
    );
  }

  async ping(): Promise<void> {
    await this.open.command({ ping: 1 });
  }

  async close(): Promise<void> {
    await this.client?.close();
  }

  async add(entries: readonly Entry[]): Promise<void> {
    const docs = entries.map((entry) => this.toDoc(entry));
    await this.jobs.insertMany(docs, { ordered: false }).catch((error) => {
      const faults: { code?: number }[] = [error.writeErrors ?? []].flat();
      if (faults.length === 0 || faults.some(({ code }) => code !== DUPLICATE)) throw error;
    });
  }

  async get(name: string, id: string): Promise<Entry | undefined> {
    const doc = await this.jobs.findOne({ _id: this.idOf(name, id) });
    return doc ? toEntry(doc) : undefined;
  }

  async take(name: string, now: number, deadline: number, holder: string): Promise<Taken | undefined> {
    const due = [
      { lockedAt: null, nextRunAt: { $lte: new Date(now) } },
      { lockedAt: { $lte: new Date(deadline) }, nextRunAt: { $type: "date" } },
    ] as const;
    const at = new Date(now);
    const before = await this.jobs.findOneAndUpdate(
      { name, disabled: { $ne: true }, $or: [...due] },
      { $set: { lockedAt: at, lastRunAt: at, lastModifiedBy: holder } },
      { sort: { priority: -1, "data.order": 1 }, returnDocument: "before" },
    );
    if (!before) return undefined;
    return { entry: toEntry({ ...before, lockedAt: at, lastRunAt: at }), expired: before.lockedAt !== null };
  }

  async change(name: string, id: string, condition: Condition, patch: Patch): Promise<boolean> {
    const { matchedCount } = await this.jobs.updateOne(
      { _id: this.idOf(name, id), ...matching(condition) },
      { $set: toFields(patch) },
    );
    return matchedCount === 1;
  }

  async delete(name: string, id: string): Promise<"removed" | "active" | "unknown"> {
    const { deletedCount } = await this.jobs.deleteOne({ _id: this.idOf(name, id), lockedAt: null });
    if (deletedCount === 1) return "removed";
    return (await this.get(name, id)) ? "active" : "unknown";
  }

  async page(name: string, status: Status, now: number, limit: number, offset: number): Promise<readonly Entry[]> {
    const { where, sort } = pageOf(status, now);
    const found = this.jobs.find({ name, ...where }).sort(sort);
    return (await found.skip(offset).limit(limit).toArray()).map(toEntry);
  }

  async counts(name: string, now: number) {
    const count = (status: Status) => this.jobs.countDocuments({ name, ...pageOf(status, now).where });
    const [scheduled, waiting, active, completed, failed] = await Promise.all([
      ...[count("scheduled"), count("waiting"), count("active"), count("completed"), count("failed")],
    ]);
    return {
      scheduled: scheduled ?? 0,
      waiting: waiting ?? 0,
      active: active ?? 0,
      completed: completed ?? 0,
      failed: failed ?? 0,
    };
  }

  async trim(name: string, status: "completed" | "failed", before: number, keep: number): Promise<void> {
    const { where, sort } = pageOf(status, 0);
    await this.jobs.deleteMany({ name, ...where, lastFinishedAt: { $lte: new Date(before) } });
    const surplus = await this.jobs
      .find({ name, ...where }, { projection: { _id: 1 } })
      .sort(sort)
      .skip(keep)
      .toArray();
    if (surplus.length > 0) await this.jobs.deleteMany({ _id: { $in: surplus.map(({ _id }) => _id) } });
  }

  async publish(): Promise<void> {}

  subscribe(): void {}

  private get open(): Db {
    if (!this.db) throw new Error("not connected");
    return this.db;
  }

  private get jobs() {
    return this.open.collection<Doc>(this.collection);
  }

  /** The same job has the same id in every process: so the collection's primary key keeps it single. */
  private idOf(name: string, id: string): ObjectId {
    if (!this.makeId) throw new Error("not connected");
    return this.makeId(createHash("sha256").update(`${name}\n${id}`).digest("hex").slice(0, 24));
  }

  private toDoc(entry: Entry): Doc {
    const { nextRunAt, lockedAt, lastRunAt, lastFinishedAt, failedAt, ...rest } = entry;
    const dates = toFields({ nextRunAt, lockedAt, lastRunAt, lastFinishedAt, failedAt }) as unknown as Dates;
    const _id = this.idOf(entry.name, entry.data.id);
    return { ...rest, ...dates, _id, type: "normal", disabled: false, lastModifiedBy: null };
  }
}

function matching(condition: Condition) {
  if (condition === "pending") return { lockedAt: null, nextRunAt: { $type: "date" as const } };
  if (condition === "failed") return { lockedAt: null, nextRunAt: null, failedAt: { $type: "date" as const } };
  return { lockedAt: { $type: "date" as const }, lastModifiedBy: condition.heldBy };
}

function pageOf(status: Status, now: number) {
  const at = new Date(now);
  const some = { $type: "date" as const };
  switch (status) {
    case "active":
      return { where: { lockedAt: some }, sort: { lastRunAt: -1, _id: 1 } as const };
    case "waiting":
      return { where: { lockedAt: null, nextRunAt: { $lte: at } }, sort: { priority: 1, "data.order": -1 } as const };
    case "scheduled":
      return { where: { lockedAt: null, nextRunAt: { $gt: at } }, sort: { nextRunAt: -1, "data.order": -1 } as const };
    case "completed":
      return { where: { lockedAt: null, nextRunAt: null, failedAt: null }, sort: LATEST };
    case "failed":
      return { where: { lockedAt: null, nextRunAt: null, failedAt: some }, sort: LATEST };
  }
}

function toFields(patch: Patch): Partial<Doc> {
  const isDate = (key: string) => (DATES as readonly string[]).includes(key);
  const fields = Object.entries(patch).map(([key, value]) => [
    key,
    isDate(key) && typeof value === "number" ? new Date(value) : value,
  ]);
  return Object.fromEntries(fields);
}

function toEntry(doc: Doc): Entry {
  const { name, priority, failReason, repeatInterval, repeatTimezone, data } = doc;
  return {
    ...{ name, priority, failReason, repeatInterval, repeatTimezone, data },
    nextRunAt: doc.nextRunAt?.getTime() ?? null,
    lockedAt: doc.lockedAt?.getTime() ?? null,
    lastRunAt: doc.lastRunAt?.getTime() ?? null,
    lastFinishedAt: doc.lastFinishedAt?.getTime() ?? null,
    failedAt: doc.failedAt?.getTime() ?? null,
    failCount: doc.failCount ?? 0,
    progress: doc.progress ?? 0,
  };
}
