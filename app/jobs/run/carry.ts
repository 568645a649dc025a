import { Unrecoverable } from "../errors";
import { type Log, reason } from "../log";
import type { Transaction } from "../store/store";
import { decode } from "../table/payload";
import type { Keys } from "../table/secrets";
import type { AnyJob } from "../table/types";
import { type Effects, toJson } from "./effects";
import { Aborted, type Execution } from "./execution";
import { Progress, type Send } from "./progress";

/** A job that is to be run once. */
export interface Held {
  readonly id: string;
  readonly type: string;
  readonly payload: string;
  readonly attempt: number;
  /** What the lines of its log begin with. */
  readonly label: string;
}

/** A run that has begun. */
export interface Carried {
  /** What the job gave, as JSON; rejects with what it threw. */
  readonly done: Promise<string | null>;
  /** Asks it to end. */
  abort(why: Aborted["why"]): void;
  /** Ends it as far as that can be done; whatever comes of it doesn't count. */
  giveUp(): void;
  /** What its last progress said. */
  note(): string | null;
}

/** What a job's run needs from around it. */
export interface Surroundings {
  readonly keys: Keys;
  readonly effects: Effects;
  readonly log: Log;
  readonly send: Send;
}

/** Runs a job in this process. */
export function carryHere(job: AnyJob, held: Held, around: Surroundings): Carried {
  const run = new Run(held, around);
  return {
    done: run.carry(job),
    abort: (why) => run.abort.abort(new Aborted(why)),
    giveUp: () => run.giveUp(),
    note: () => run.progressing.message,
  };
}

class Run implements Execution {
  readonly id: string;
  readonly type: string;
  readonly attempt: number;
  readonly abort = new AbortController();
  readonly signal = this.abort.signal;
  readonly progressing: Progress;
  private givenUp = false;

  constructor(
    private readonly held: Held,
    private readonly around: Surroundings,
  ) {
    this.id = held.id;
    this.type = held.type;
    this.attempt = held.attempt;
    this.progressing = new Progress(around.send);
  }

  async carry(job: AnyJob): Promise<string | null> {
    const payload = read(job, this.held.payload, this.around.keys);
    try {
      return kept(await job.run(payload as never, this));
    } finally {
      if (!this.givenUp) await this.progressing.flush();
    }
  }

  giveUp(): void {
    this.givenUp = true;
    this.abort.abort(new Aborted("hard time limit"));
  }

  // Functions of their own, not methods: a job may take them out of its execution.
  progress = async (percent: number, message?: string): Promise<void> => {
    if (!this.givenUp) await this.progressing.report(percent, message);
  };

  once = async <T>(effect: (transaction: Transaction) => Promise<T>, key = this.id): Promise<T> => {
    this.refuseWhenGivenUp();
    return await this.around.effects.once(key, effect);
  };

  deliver = async <T>(effect: (key: string) => Promise<T>, key = this.id): Promise<T> => {
    this.refuseWhenGivenUp();
    return await this.around.effects.deliver(key, effect, { signal: this.signal, live: () => !this.givenUp });
  };

  log = (line: string): void => this.around.log(`[${this.held.label}] Job ${this.id}: ${line}`);

  /** Another run may be on its way already: this one, which nothing can stop, has no effect any more. */
  private refuseWhenGivenUp(): void {
    if (this.givenUp) throw new Aborted("hard time limit");
  }
}

function read(job: AnyJob, payload: string, keys: Keys): unknown {
  try {
    return decode(job, payload, keys);
  } catch (error) {
    if (error instanceof Unrecoverable) throw new Unrecoverable(`ungültige Daten: ${error.message}`, { cause: error });
    throw error;
  }
}

function kept(result: unknown): string | null {
  try {
    return toJson(result);
  } catch (error) {
    throw new Unrecoverable(`the result should be something that JSON can carry (${reason(error)})`, { cause: error });
  }
}
