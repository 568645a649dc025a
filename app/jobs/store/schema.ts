import type { Generated } from "kysely";

/** The tables of the task database, all named `jobs_...`: they may stand in the application's own database. */
export interface Database {
  jobs_tasks: TaskTable;
  jobs_outbox: OutboxTable;
  jobs_effects: EffectTable;
  jobs_dead_letters: DeadLetterTable;
}

/** Columns of `Task` in store.ts; booleans are 0 or 1, times milliseconds since 1970 (bigint in PostgreSQL, read as numbers). */
export interface TaskTable {
  id: string;
  /** Counts up: the order in which tasks were added. */
  seq: Generated<number>;
  type: string;
  queue: string;
  /** A scheduled task stays so in the table after its time has come, until it is started. */
  status: string;
  progress: Generated<number>;
  message: string | null;
  payload: string;
  digest: string;
  priority: number;
  attempts: number;
  /** Milliseconds before the second run. */
  backoff: number;
  attempt: Generated<number>;
  order_key: string | null;
  /** 1: has been let go by its order key: of the unfinished tasks of a key one at most. */
  released: Generated<number>;
  run_at: number | null;
  created_at: number;
  updated_at: number;
  started_at: number | null;
  /** Null exactly as long as the task isn't completed, failed or cancelled. */
  finished_at: number | null;
  result: string | null;
  error: string | null;
  cancel_requested: Generated<number>;
  /** 1: its last run was outside of the queue. */
  here: Generated<number>;
}

/** Tasks that have to get to the queue. */
export interface OutboxTable {
  task_id: string;
  /** As in the task. */
  seq: number;
  order_key: string | null;
  /** 1: an earlier task of its order key is in the outbox too. Only says which rows needn't be looked at; 0 may be wrong. */
  held: Generated<number>;
  /** Until then somebody is at it; 0: nobody. */
  leased_until: Generated<number>;
  /** 1: it ran before, or its id is its own, so that the queue may hold a finished job of this id, which has to go first. */
  again: Generated<number>;
  /** 1: whoever enqueued it runs it, outside of the queue, which may have it all the same. Until the lease ends nobody else does. */
  here: Generated<number>;
}

/** Effects that were had, or are being had. */
export interface EffectTable {
  key: string;
  result: string | null;
  created_at: number;
  /** Until then somebody is at it; null: it was had. */
  claimed_until: Generated<number | null>;
}

export interface DeadLetterTable {
  id: string;
  type: string;
  queue: string;
  payload: string;
  reason: string;
  attempts: number;
  failed_at: number;
  resolution: string | null;
  resolved_at: number | null;
}
