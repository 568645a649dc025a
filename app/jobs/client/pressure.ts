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

const isOld = ({ at }: Count) => Date.now() - at > FRESH_MS;

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
    const known = this.counts.get(queue);
    if (!known || (isOld(known) && known.waiting + more > this.limit(queue))) await this.count(queue);
    this.admitAtOnce(queue, more);
  }

  /**
   * Goes by the last count, however old: within a transaction nobody may wait for another connection to the database.
   *
   * @throws QueueFull when `more` jobs are too many
   */
  admitAtOnce(queue: string, more: number): void {
    const known = this.counts.get(queue);
    if (!known || isOld(known)) void this.count(queue);
    if (!known) return;
    if (known.waiting + more > this.limit(queue)) throw new QueueFull(queue, RETRY_AFTER_S);
    known.waiting += more;
  }

  private limit(queue: string): number {
    return this.table.queues[queue]?.maxWaiting ?? MAX_WAITING;
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
      this.store.outgoing(queue).catch(() => 0),
    ]);
    const count = { waiting: inQueue + outgoing, at: Date.now() };
    this.counts.set(queue, count);
    return count;
  }
}
