/** What an operator sets in the environment; `readSettings` (settings-from-env) reads it, all faults at once. */
export interface Settings {
  readonly redis: { readonly host: string; readonly port: number; readonly password: string; readonly db: number };
  /** QUEUE_ENABLED: false makes each request do its work itself. Default true. */
  readonly enabled: boolean;
  /** QUEUE_PROVIDER: bullmq (or bull, as it was called before) or agenda. Default bullmq. */
  readonly provider: "bullmq" | "agenda";
  /** Where Agenda keeps its jobs: AGENDA_BACKEND is postgres, redis or mongo; by default mongo where MONGODB_URL is set, else postgres where DATABASE_URL is, else redis. */
  readonly agenda: {
    readonly backend: "postgres" | "redis" | "mongo";
    readonly mongoUrl: string;
    /** QUEUE_COLLECTION. Default agenda_jobs. */
    readonly collection: string;
  };
  /** DATABASE_URL: the task database; without it a file in STATE_DIR. */
  readonly databaseUrl: string | undefined;
  /** STATE_DIR. */
  readonly stateDir: string;
  /** QUEUE_CONCURRENCY: jobs that one worker runs at the same time. Default 5. */
  readonly concurrency: number;
  /** QUEUE_PREFIX. Default queuehost. */
  readonly prefix: string;
  /** QUEUES: what a worker process serves, in order of priority; undefined: all, as the table says. */
  readonly queues: readonly string[] | undefined;
  /** QUEUE_DEFAULT_ATTEMPTS. Default 3. */
  readonly attempts: number;
  /** QUEUE_DEFAULT_BACKOFF, in milliseconds. Default 2000. */
  readonly backoffMs: number;
  /** QUEUE_TIME_LIMIT and QUEUE_SOFT_TIME_LIMIT, in seconds. Default 3600 and 3540. */
  readonly timeLimits: { readonly soft: number; readonly hard: number };
  /** QUEUE_MAX_JOBS: jobs after which a worker process ends, to be started anew. Default 0: never. */
  readonly maxJobs: number;
  /** QUEUE_MAX_MEMORY: megabytes of resident memory after which it does. Default 0: never. */
  readonly maxMemoryMb: number;
  /** QUEUE_EAGER: enqueueing runs the job at once, in the caller, and gives its errors to the caller. Default false. */
  readonly eager: boolean;
  /** QUEUE_ENCRYPTION_KEY: `<id>:<32 bytes in base64>`, several separated by commas; the first one encrypts, all decrypt. */
  readonly encryptionKeys: readonly { readonly id: string; readonly key: Uint8Array }[];
}
