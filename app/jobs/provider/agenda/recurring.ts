import { CronExpressionParser } from "cron-parser";
import type { NewJob, Recurring } from "../provider";
import type { Link } from "./link";
import { type Entry, newEntry, type Shelf } from "./shelf";

/** More than this many make no sense, and are not looked for. */
const MAX = 10_000;
/** Waiting for another process that makes a job of it now, in tries. */
const TRIES = 20;

/** Jobs that are made again and again: one of Agenda's jobs stands for each, whose lock lets one process make the next. */
export class Recurrences {
  constructor(
    private readonly shelf: Shelf,
    private readonly link: Link,
    private readonly name: string,
    private readonly enqueue: (job: NewJob) => Promise<void>,
  ) {}

  async set(recurring: Recurring): Promise<void> {
    const { nextAt: _, ...definition } = recurring;
    const id = recurring.name;
    const nextRunAt = following(recurring, Date.now());
    const payload = JSON.stringify(definition);
    const repeat = {
      repeatInterval: recurring.cron ?? String(recurring.everyMs),
      repeatTimezone: recurring.timeZone ?? "UTC",
    };
    const entry = { ...newEntry(this.name, { id, type: "recurring", payload }, nextRunAt), ...repeat };
    await this.link.use(() => this.shelf.add([entry]));
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await this.link.use(() => this.shelf.get(this.name, id));
      // Set again as it is, as each start of an application does, it keeps its time.
      if (found?.data.payload === payload) return;
      const { data, repeatInterval, repeatTimezone } = entry;
      const patch = { nextRunAt, data, repeatInterval, repeatTimezone };
      if (await this.link.use(() => this.shelf.change(this.name, id, "pending", patch))) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${recurring.name}: another process is busy with it`);
  }

  async remove(queue: string, name: string): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await this.link.use(() => this.shelf.get(this.name, name));
      if (!found || definitionOf(found).queue !== queue) return false;
      const said = await this.link.use(() => this.shelf.delete(this.name, name));
      if (said !== "active") return said === "removed";
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${name}: another process is busy with it`);
  }

  async list(): Promise<readonly Recurring[]> {
    const now = Date.now();
    const statuses = ["active", "waiting", "scheduled"] as const;
    const pages = await Promise.all(
      statuses.map((status) => this.link.use(() => this.shelf.page(this.name, status, now, MAX, 0))),
    );
    return pages.flat().map((entry) => ({ ...definitionOf(entry), nextAt: entry.nextRunAt }));
  }

  /** Makes the jobs that are due: one for each, however many were missed. */
  async makeDue(holder: string, lockMs: number): Promise<void> {
    for (let made = 0; made < MAX; made++) {
      const now = Date.now();
      const taken = await this.link.use(() => this.shelf.take(this.name, now, now - lockMs, holder));
      if (!taken) return;
      const { entry } = taken;
      const definition = definitionOf(entry);
      const { name, queue, type, payload, priority, attempts, backoff } = definition;
      // Made a second time by the one who comes after a process that died here, it has the same id.
      const id = `${name}.${new Date(entry.nextRunAt ?? now).toISOString().replaceAll(/[-:.]/g, "")}`;
      await this.enqueue({ id, queue, type, payload, priority, attempts, backoff, runAt: null });
      const patch = { lockedAt: null, nextRunAt: following(definition, Date.now()) };
      await this.link.use(() => this.shelf.change(this.name, entry.data.id, { heldBy: holder }, patch));
    }
  }
}

function definitionOf(entry: Entry): Recurring {
  return JSON.parse(entry.data.payload);
}

/** Multiples of the interval since 1970, so that all processes, and each start, mean the same moments. */
function following({ cron, everyMs = 0, timeZone = "UTC" }: Recurring, after: number): number {
  if (cron === undefined) return (Math.floor(after / everyMs) + 1) * everyMs;
  return CronExpressionParser.parse(cron, { currentDate: new Date(after), tz: timeZone })
    .next()
    .getTime();
}
