import { type Log, reason } from "../log";
import { type NewJob, type Provider, QueueUnavailable } from "../provider/provider";
import type { Outgoing, Store, Task } from "../store/store";

/** Tasks that are brought to the queue in one call. */
export const BATCH = 500;
/** Milliseconds that a relay has for a batch before another one takes it as well, which adds nothing. */
export const LEASE = 5000;

interface Brought {
  readonly sent: readonly Outgoing[];
  readonly unavailable: readonly Outgoing[];
}

/** One batch after another, from the outbox to the queue. */
export class Bringing {
  /** Tasks that the queue refuses, whichever it is: told once. */
  private readonly refused = new Set<string>();
  private readonly forgetting = new Set<Promise<void>>();
  /** Whether the queue was, when it was last asked by whomever, and how many tasks rounds have brought since. */
  private away = false;
  private late = 0;

  constructor(
    private readonly store: Store,
    private readonly provider: Provider,
    private readonly log: Log,
  ) {}

  /** Takes the oldest ones. @returns how it goes on */
  async round(): Promise<"more" | "busy" | "idle" | "away"> {
    const claimed = await this.store.claimOutgoing(BATCH, LEASE);
    const { sent, unavailable } = await this.bring(claimed);
    if (this.away) this.late += sent.length;
    if (unavailable.length > 0) return "away";
    if (claimed.length === BATCH) return "more";
    const left = await this.store.outgoing();
    if (this.late > 0) this.log(`[Queue Service] Gespeicherte Jobs zur Queue gebracht: ${this.late}`);
    if (this.late > 0 || left === 0) this.away = false;
    this.late = 0;
    return left > 0 ? "busy" : "idle";
  }

  /** A queue that refuses, or doesn't answer, holds no other up. */
  async bring(claimed: readonly Outgoing[]): Promise<Brought> {
    const queues = [...Map.groupBy(claimed, ({ task }) => task.queue).values()];
    const all = await Promise.all(queues.map((group) => this.bringTo(group)));
    return {
      sent: all.flatMap(({ sent }) => sent),
      unavailable: all.flatMap(({ unavailable }) => unavailable),
    };
  }

  /** What is known to be in the queue is forgotten in the end. */
  async settled(): Promise<void> {
    await Promise.all(this.forgetting);
  }

  private async bringTo(claimed: readonly Outgoing[]): Promise<Brought> {
    try {
      const sent = await this.add(claimed);
      this.forget(sent);
      return { sent, unavailable: [] };
    } catch (error) {
      const [first, ...others] = claimed;
      if (error instanceof QueueUnavailable) {
        this.away = true;
        // The claims end by themselves where the database is away too.
        await this.store.release(claimed).catch(() => {});
        return { sent: [], unavailable: claimed };
      }
      if (first && others.length === 0) {
        this.refuse(first.task, error);
        return { sent: [], unavailable: [] };
      }
    }
    return await this.bringEach(claimed);
  }

  /** One of them is refused: the others needn't wait for it. */
  private async bringEach(claimed: readonly Outgoing[]): Promise<Brought> {
    const sent: Outgoing[] = [];
    const unavailable: Outgoing[] = [];
    for (const one of claimed) {
      const brought = await this.bringTo([one]);
      sent.push(...brought.sent);
      unavailable.push(...brought.unavailable);
    }
    return { sent, unavailable };
  }

  /** @returns those that the queue has now; of one that still runs there under its id, this is tried again later */
  private async add(claimed: readonly Outgoing[]): Promise<readonly Outgoing[]> {
    const runs = await Promise.all(
      claimed.map(async ({ task, again }) => again && (await this.provider.remove(task.queue, task.id)) === "active"),
    );
    const ready = claimed.filter((_, index) => !runs[index]);
    await this.provider.add(ready.map(({ task }) => jobOf(task)));
    return ready;
  }

  /** Nobody waits for it: whoever enqueued knows already that the queue has it. */
  private forget(claimed: readonly Outgoing[]): void {
    const forgetting: Promise<void> = this.store
      .sent(claimed)
      .catch(() => {})
      .finally(() => this.forgetting.delete(forgetting));
    this.forgetting.add(forgetting);
  }

  /** It stays claimed for a while, and in the outbox: another release may know its queue. */
  private refuse({ id, type }: Task, error: unknown): void {
    if (this.refused.has(id)) return;
    this.refused.add(id);
    this.log(`[Queue Service] Job ${id} (${type}) kommt nicht in die Queue: ${reason(error)}`);
  }
}

function jobOf({ id, queue, type, payload, priority, attempts, backoff, runAt }: Task): NewJob {
  return { id, queue, type, payload, priority, attempts, backoff, runAt };
}
