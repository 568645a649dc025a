import type { Link } from "./link";
import { type Entry, newEntry, type Shelf } from "./shelf";

/** A start that the limit allows. */
export interface Permit {
  /** @param used whether a job was started with it; otherwise it may be used again at once */
  end(used: boolean): Promise<void>;
}

const UNLIMITED: Permit = { end: async () => {} };

interface Limited {
  /** Of its permits, in Agenda. */
  readonly permits: string;
  readonly rateLimit?: { readonly max: number; readonly perMs: number };
}

/**
 * A limit that holds for all processes: as many permits as jobs may start in the time, each of them one of Agenda's jobs, so
 * that its locks keep processes apart. One that was used is due again when the time is over.
 */
export class RateLimit {
  private made = false;

  constructor(
    private readonly shelf: Shelf,
    private readonly link: Link,
    private readonly queue: Limited,
  ) {}

  /** @returns undefined: none may start now */
  async permit(holder: string, lockMs: number): Promise<Permit | undefined> {
    const { permits, rateLimit } = this.queue;
    if (!rateLimit) return UNLIMITED;
    if (!this.made) await this.make(rateLimit.max);
    const now = Date.now();
    const taken = await this.link.use(() => this.shelf.take(permits, now, now - lockMs, holder));
    if (!taken) return undefined;
    const { id } = taken.entry.data;
    const end = async (used: boolean) => {
      const patch = { lockedAt: null, ...(used ? { nextRunAt: Date.now() + rateLimit.perMs } : {}) };
      await this.link.use(() => this.shelf.change(permits, id, { heldBy: holder }, patch));
    };
    return { end };
  }

  private async make(max: number): Promise<void> {
    const { permits } = this.queue;
    const ids = Array.from({ length: max }, (_, index) => String(index));
    await this.link.use(() => this.shelf.add(ids.map((id) => newEntry(permits, { id, type: "permit" }))));
    const now = Date.now();
    const pages = ["waiting", "scheduled", "active"] as const;
    const found = await Promise.all(
      pages.map((status) => this.link.use(() => this.shelf.page(permits, status, now, 10_000, 0))),
    );
    // The limit was higher once.
    const surplus = found.flat().filter((entry: Entry) => Number(entry.data.id) >= max);
    for (const { data } of surplus) await this.link.use(() => this.shelf.delete(permits, data.id));
    this.made = true;
  }
}
