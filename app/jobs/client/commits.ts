import type { NewJob } from "../provider/provider";
import type { Store, Transaction } from "../store/store";

/** What is done with the jobs of a transaction once that has been committed. It never rejects. */
export type OnCommit = (jobs: readonly NewJob[]) => Promise<void>;

export interface Commits {
  /** The store, whose transactions have their jobs brought to the queue when they are committed. */
  readonly store: Store;
  note(transaction: Transaction, job: NewJob): void;
}

/** Knows which jobs were enqueued in which transaction. Those of one that is rolled back are forgotten with it. */
export function watchCommits(store: Store, onCommit: OnCommit): Commits {
  const noted = new WeakMap<Transaction, NewJob[]>();

  const transaction: Store["transaction"] = async (work) => {
    let committed: Transaction | undefined;
    const result = await store.transaction(async (open) => {
      // The last one counts: the store runs the work again in another where the database says that it collided.
      committed = open;
      return await work(open);
    });
    const jobs = committed && noted.get(committed);
    if (jobs) await onCommit(jobs);
    return result;
  };

  return {
    store: { ...store, transaction },
    note(open, job) {
      const jobs = noted.get(open);
      if (jobs) jobs.push(job);
      else noted.set(open, [job]);
    },
  };
}
