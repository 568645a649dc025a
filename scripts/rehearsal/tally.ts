import { z } from "zod";

/** Lua knows no difference between an empty list and an empty object. */
const list = <T extends z.ZodType>(of: T) => z.preprocess((value) => (Array.isArray(value) ? value : []), z.array(of));

const Reason = z.object({
  key: z.string(),
  name: z.string(),
  reason: z.string(),
  again: z.boolean(),
  count: z.number(),
});

/** What outcome.lua says of a queue: its jobs now, and what became of jobs since it was looked at before. */
const Look = z.object({
  database: z.number(),
  queue: z.string(),
  jobs: z.record(z.string(), z.number()),
  paused: z.boolean(),
  completed: z.number(),
  failed: z.number(),
  again: z.number(),
  cut: z.boolean(),
  reasons: list(Reason),
  after: z.string(),
  added: z.number(),
});
type Look = z.infer<typeof Look>;

/** What became of a queue's jobs. */
export interface Outcome {
  /** With its prefix, `bull:mail`. */
  readonly queue: string;
  /** Jobs by state, at first and at last. */
  readonly before: Readonly<Record<string, number>>;
  readonly jobs: Readonly<Record<string, number>>;
  readonly paused: boolean;
  readonly completed: number;
  /** For good. */
  readonly failed: number;
  /** Attempts that failed, whose jobs are tried again. */
  readonly again: number;
  /** Whether BullMQ had forgotten some of what happened before it was read: there was more then. */
  readonly cut: boolean;
  /** Why, twenty at most: what failed for good first, the most frequent first. */
  readonly reasons: readonly Reason[];
}

/** A way in which jobs fail: of one name, with one reason but for numbers. */
export type Reason = Omit<z.infer<typeof Reason>, "key">;

const REASONS = 20;

/** Adds up what is seen of queues from look to look: their events are kept for a while only. */
export class Tally {
  private readonly queues = new Map<
    string,
    { first: Look; last: Look; sum: Look; reasons: Map<string, z.infer<typeof Reason>> }
  >();

  /** @param since milliseconds by the machine's clock: what was before doesn't count */
  constructor(private readonly since: number) {}

  /** What the next look has to know. */
  get asked(): string {
    const read = [...this.queues].map(
      ([
        key,
        {
          last: { after, added },
        },
      ]) => [key, { after, added }],
    );
    return JSON.stringify({ since: this.since, read: Object.fromEntries(read) });
  }

  /** @param json what outcome.lua answers */
  take(json: string): void {
    for (const look of list(Look).parse(JSON.parse(json))) {
      const key = `${look.database} ${look.queue}`;
      const known = this.queues.get(key) ?? {
        first: look,
        last: look,
        sum: { ...look, ...NOTHING },
        reasons: new Map(),
      };
      known.last = look;
      for (const one of ["completed", "failed", "again"] as const) known.sum[one] += look[one];
      known.sum.cut ||= look.cut;
      for (const reason of look.reasons)
        known.reasons.set(reason.key, { ...reason, count: reason.count + (known.reasons.get(reason.key)?.count ?? 0) });
      this.queues.set(key, known);
    }
  }

  /** In the order of their names. */
  get outcomes(): Outcome[] {
    return [...this.queues.values()]
      .map(({ first, last: { queue, jobs, paused }, sum: { completed, failed, again, cut }, reasons }) => ({
        ...{ queue, before: first.jobs, jobs, paused, completed, failed, again, cut },
        reasons: [...reasons.values()]
          .sort((one, other) => Number(one.again) - Number(other.again) || other.count - one.count)
          .slice(0, REASONS)
          .map(({ name, reason, again, count }) => ({ name, reason, again, count })),
      }))
      .sort((one, other) => one.queue.localeCompare(other.queue));
  }
}

const NOTHING = { completed: 0, failed: 0, again: 0, cut: false };
