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
  seq: number;
  type: string;
  queue: string;
  status: string;
  progress: number;
  message: string | null;
  payload: string;
  digest: string;
  priority: number;
  attempts: number;
  attempt: number;
  order_key: string | null;
  run_at: number | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  result: string | null;
  error: string | null;
  cancel_requested: number;
}

/** Tasks that have to get to the queue. */
export interface OutboxTable {
  task_id: string;
  /** Until then somebody is at it; 0: nobody. */
  leased_until: number;
}

/** Effects that were had. */
export interface EffectTable {
  key: string;
  result: string | null;
  created_at: number;
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
