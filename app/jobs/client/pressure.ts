import { QueueFull } from "../errors";
import type { Provider } from "../provider/provider";
import type { Store } from "../store/store";
import { MAX_WAITING } from "../table/defaults";
import type { Table } from "../table/types";

/** How old a count may be, in milliseconds. */
const FRESH_MS = 1000;
/** What those who are refused are told to wait, in seconds. */
const RETRY_AFTER_S = 10;

interface Count {
  waiting: number;
  at: number;
}

/**
 * Refuses jobs that a full queue can't hold. Its jobs are counted at most once a second, and those added meanwhile on top of that:
 * nobody waits for a count but the first, and those who would be refused.
 */
export class Pressure {
  private readonly counts = new Map<string, Count>();
  private readonly underway = new Map<string, Promise<Count>>();

  constructor(
    private readonly table: Table,
    private readonly store: Store,
    private readonly provider: Provider | undefined,
  ) {}

  /** @throws QueueFull when `more` jobs are too many */
  async admit(queue: string, more: number): Promise<void> {
    const limit = this.table.queues[queue]?.maxWaiting ?? MAX_WAITING;
    let count = this.counts.get(queue) ?? (await this.count(queue));
    const isOld = Date.now() - count.at > FRESH_MS;
    if (isOld && count.waiting + more > limit) count = await this.count(queue);
    else if (isOld) void this.count(queue);
    if (count.waiting + more > limit) throw new QueueFull(queue, RETRY_AFTER_S);
    count.waiting += more;
  }

  private count(queue: string): Promise<Count> {
    const running = this.underway.get(queue);
    if (running) return running;
    const counting = this.ask(queue).finally(() => this.underway.delete(queue));
    this.underway.set(queue, counting);
    return counting;
  }

  /** One that can't be counted now takes what comes: away, it says so by itself. */
  private async ask(queue: string): Promise<Count> {
    const [inQueue, outgoing] = await Promise.all([
      this.provider?.counts(queue).then(
        ({ waiting }) => waiting,
        () => 0,
      ) ?? 0,
      this.store.outgoing().catch(() => 0),
    ]);
    const count = { waiting: inQueue + outgoing, at: Date.now() };
    this.counts.set(queue, count);
    return count;
  }
}
